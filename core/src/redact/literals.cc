#include "redact/literals.h"

#include <algorithm>

#include "base/text.h"
#include "redact/scanner.h"

namespace candor::redact {
namespace {

constexpr std::size_t kSextets = 4;  // phases of base64: where in a text of it bytes may begin

// The value of a character of base64 in either alphabet, or -1.
constexpr std::array<std::int8_t, 256> kBase64 = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  std::int8_t n = 0;
  for (char c = 'A'; c <= 'Z'; ++c) values[static_cast<unsigned char>(c)] = n++;
  for (char c = 'a'; c <= 'z'; ++c) values[static_cast<unsigned char>(c)] = n++;
  for (char c = '0'; c <= '9'; ++c) values[static_cast<unsigned char>(c)] = n++;
  values['+'] = values['-'] = 62;
  values['/'] = values['_'] = 63;
  return values;
}();

std::int8_t base64_value(char c) noexcept { return kBase64[static_cast<unsigned char>(c)]; }

std::size_t pair(char first, char second) noexcept {
  return std::size_t{static_cast<unsigned char>(first)} << 8 | static_cast<unsigned char>(second);
}

// Four digits of hex at `i`, or -1.
int hex4(std::string_view text, std::size_t i) noexcept {
  if (text.size() < i + 4) return -1;
  int value = 0;
  for (std::size_t k = 0; k < 4; ++k) {
    const int digit = hex_value(text[i + k]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

struct Sextet {
  std::int8_t value;
  std::size_t begin, end;  // where the text writes it
};

// The bytes that some characters of a text stand for.
struct Unit {
  std::array<unsigned char, 4> byte{};
  std::size_t bytes = 1;
  std::size_t length = 1;  // of the characters
};

Unit plain_unit(char c, std::size_t length = 1) noexcept {
  return {.byte = {static_cast<unsigned char>(c)}, .bytes = 1, .length = length};
}

// URL-encoded.
Unit url_unit(std::string_view text, std::size_t i) noexcept {
  const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
  const int low = high < 0 ? -1 : hex_value(text[i + 2]);
  return low < 0 ? plain_unit(text[i]) : plain_unit(static_cast<char>(high * 16 + low), 3);
}

Unit form_unit(std::string_view text, std::size_t i) noexcept {
  return text[i] == '+' ? plain_unit(' ') : url_unit(text, i);
}

Unit code_point(unsigned code, std::size_t length) noexcept {
  Unit unit{.bytes = 0, .length = length};
  const auto put = [&](unsigned byte) {
    unit.byte[unit.bytes++] = static_cast<unsigned char>(byte);
  };
  if (code < 0x80) {
    put(code);
    return unit;
  }
  if (code < 0x800) {
    put(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xe0 | code >> 12);
    } else {
      put(0xf0 | code >> 18);
      put(0x80 | (code >> 12 & 63));
    }
    put(0x80 | (code >> 6 & 63));
  }
  put(0x80 | (code & 63));
  return unit;
}

// Escaped as in JSON.
Unit json_unit(std::string_view text, std::size_t i) noexcept {
  const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : 0;
  if (next == 0) return plain_unit(text[i]);
  const std::size_t named = std::string_view("\"\\/bfnrt").find(next);
  if (named != kNoMatch) return plain_unit("\"\\/\b\f\n\r\t"[named], 2);
  const int code = next == 'u' ? hex4(text, i + 2) : -1;
  if (code < 0) return plain_unit(text[i]);
  const int low =
      (code & 0xfc00) == 0xd800 && text.substr(i + 6, 2) == "\\u" ? hex4(text, i + 8) : -1;
  if ((low & ~0x3ff) != 0xdc00) return code_point(static_cast<unsigned>(code), 6);
  return code_point(static_cast<unsigned>(0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff)), 12);
}

}  // namespace

Literals::Refusal Literals::add(std::string_view secret) {
  if (secret.size() < kBytesMin) return Refusal::too_short;
  if (secret.size() > kBytesMax) return Refusal::too_long;
  if (!utf8_length(secret)) return Refusal::not_utf8;
  for (const Kind kind : {Kind::secret, Kind::email, Kind::home}) {
    if (mark(kind).find(secret) != kNoMatch) return Refusal::own_mark;
  }
  if (std::find(added_.begin(), added_.end(), secret) != added_.end()) return Refusal::none;
  if (added_.size() == kCountMax) return Refusal::too_many;
  added_.emplace_back(secret);
  return Refusal::none;
}

void Literals::prepare() {
  for (const std::string& secret : added_) {
    shortest_ = std::min(shortest_, secret.size());
    pairs_.set(pair(secret[0], secret[1]));
    std::uint32_t at = 0;
    for (const char c : secret) {
      const auto byte = static_cast<unsigned char>(c);
      std::uint32_t next = child(at, byte);
      if (next == 0) {
        next = static_cast<std::uint32_t>(nodes_.size());
        nodes_.push_back({.sibling = nodes_[at].child,
                          .depth = static_cast<std::uint16_t>(nodes_[at].depth + 1),
                          .byte = byte});
        nodes_[at].child = next;
        if (at == 0) roots_[byte] = next;
      }
      at = next;
    }
    nodes_[at].length = nodes_[at].depth;
  }
  // By depth, so that a node's shorter suffixes are done before it.
  std::vector<std::uint32_t> order{0};
  order.reserve(nodes_.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::uint32_t parent = order[i];
    for (std::uint32_t n = nodes_[parent].child; n != 0; n = nodes_[n].sibling) {
      order.push_back(n);
      Node& node = nodes_[n];
      if (parent != 0) node.fail = step(nodes_[parent].fail, node.byte);
      if (node.length == 0) node.length = nodes_[node.fail].length;
    }
  }
}

std::uint32_t Literals::child(std::uint32_t node, unsigned char byte) const noexcept {
  if (node == 0) return roots_[byte];
  std::uint32_t n = nodes_[node].child;
  while (n != 0 && nodes_[n].byte != byte) n = nodes_[n].sibling;
  return n;
}

std::uint32_t Literals::step(std::uint32_t node, unsigned char byte) const noexcept {
  for (;;) {
    const std::uint32_t next = child(node, byte);
    if (next != 0 || node == 0) return next;
    node = nodes_[node].fail;
  }
}

// One reading of a text: bytes, and where in the text each of them stands.
class Literals::Reader {
 public:
  Reader(const Literals& literals, std::vector<Span>& found) : literals_(literals), found_(found) {}

  // The next byte, which the text writes in [begin, end).
  void feed(unsigned char byte, std::size_t begin, std::size_t end) {
    begins_[count_++ % begins_.size()] = begin;
    at_ = literals_.step(at_, byte);
    if (const std::size_t length = literals_.nodes_[at_].length; length != 0) {
      found_.push_back({begins_[(count_ - length) % begins_.size()], end});
    }
  }

 private:
  const Literals& literals_;
  std::vector<Span>& found_;
  std::uint32_t at_ = 0;
  std::size_t count_ = 0;
  std::array<std::size_t, kBytesMax> begins_;
};

std::vector<Literals::Span> Literals::find(std::string_view text, bool first_only) const {
  std::vector<Span> found;
  // As it is. Most of a text is passed over, two bytes at a time.
  std::uint32_t at = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (at == 0) {
      while (i + 1 < text.size() && !pairs_[pair(text[i], text[i + 1])]) ++i;
    }
    at = step(at, static_cast<unsigned char>(text[i]));
    if (const std::size_t length = nodes_[at].length; length != 0) {
      found.push_back({i + 1 - length, i + 1});
      if (first_only) return found;
    }
  }
  const bool percent = text.find('%') != kNoMatch, plus = text.find('+') != kNoMatch;
  const bool backslash = text.find('\\') != kNoMatch;
  if (percent)
    read(
        text, [](std::string_view t, std::size_t i) { return url_unit(t, i); }, found);
  // As a form's, a plus sign is a blank.
  if (plus)
    read(
        text, [](std::string_view t, std::size_t i) { return form_unit(t, i); }, found);
  if (backslash)
    read(
        text, [](std::string_view t, std::size_t i) { return json_unit(t, i); }, found);
  read_base64(text, found);
  return found;
}

// A text that writes some bytes as more than one character.
template <typename UnitAt>
void Literals::read(std::string_view text, UnitAt unit_at, std::vector<Span>& found) const {
  Reader reader(*this, found);
  for (std::size_t i = 0; i < text.size();) {
    const Unit unit = unit_at(text, i);
    for (std::size_t k = 0; k < unit.bytes; ++k) reader.feed(unit.byte[k], i, i + unit.length);
    // What seems to be an escape may be the end of something else, and a secret begin in it.
    for (std::size_t k = i + 1; k < i + unit.length; ++k) read_one(text, k, unit_at, found);
    i += unit.length;
  }
}

// The longest secret that begins at `begin`.
template <typename UnitAt>
void Literals::read_one(std::string_view text, std::size_t begin, UnitAt unit_at,
                        std::vector<Span>& found) const {
  std::uint32_t node = 0;
  std::size_t end = 0;
  for (std::size_t i = begin; i < text.size();) {
    const Unit unit = unit_at(text, i);
    i += unit.length;
    for (std::size_t k = 0; k < unit.bytes; ++k) {
      node = child(node, unit.byte[k]);
      if (node == 0) {
        if (end != 0) found.push_back({begin, end});
        return;
      }
    }
    if (nodes_[node].length == nodes_[node].depth) end = i;
  }
  if (end != 0) found.push_back({begin, end});
}

void Literals::read_base64(std::string_view text, std::vector<Span>& found) const {
  const auto is_base64 = [](char c) { return base64_value(c) >= 0; };
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = run_end(text, i, is_base64);
    read_base64_run(
        end - i,
        [&](std::size_t k) {
          return Sextet{base64_value(text[i + k]), i + k, i + k + 1};
        },
        found);
    i = std::max(end, i + 1);
  }
  // The same in lines, or with its signs escaped.
  if (text.find_first_of("\n\r\\%") == kNoMatch) return;
  std::vector<Sextet> run;
  for (std::size_t i = 0; i <= text.size();) {
    const std::size_t end = run_end(text, i, is_base64);
    for (; i < end; ++i) run.push_back({base64_value(text[i]), i, i + 1});
    if (i < text.size()) {
      Unit unit = text[i] == '%' ? url_unit(text, i) : json_unit(text, i);
      if (!run.empty() && unit.bytes == 1 && is_line_end(static_cast<char>(unit.byte[0]))) {
        i = run_end(text, i + unit.length, is_blank);
        continue;
      }
      const std::int8_t value =
          unit.bytes == 1 ? base64_value(static_cast<char>(unit.byte[0])) : -1;
      if (value >= 0) {
        run.push_back({value, i, i + unit.length});
        i += unit.length;
        continue;
      }
    }
    // Without a gap or an escape, it was read above.
    if (!run.empty() && run.back().end - run.front().begin != run.size()) {
      read_base64_run(
          run.size(), [&](std::size_t k) { return run[k]; }, found);
    }
    run.clear();
    ++i;
  }
}

// A run of base64, read from each of four characters on.
template <typename SextetAt>
void Literals::read_base64_run(std::size_t size, SextetAt sextet_at,
                               std::vector<Span>& found) const {
  for (std::size_t phase = 0; phase < kSextets && size * 3 / 4 >= shortest_; ++phase) {
    std::uint32_t node = 0;
    unsigned bits = 0;
    for (std::size_t k = phase, n = 0; k < size; ++k, ++n) {
      const Sextet sextet = sextet_at(k);
      bits = bits << 6 | static_cast<unsigned>(sextet.value);
      if (n % 4 == 0) continue;  // the first of four characters ends no byte
      const std::size_t spare = 6 - 2 * (n % 4);
      node = step(node, static_cast<unsigned char>(bits >> spare & 255));
      if (const std::size_t length = nodes_[node].length; length != 0) {
        // The last of these bytes is the (n / 4 * 3 + n % 4)th; the first begins in character ...
        const std::size_t first_byte = n / 4 * 3 + n % 4 - length;
        found.push_back({sextet_at(phase + first_byte * 8 / 6).begin, sextet.end});
      }
    }
  }
}

bool Literals::occur_in(std::string_view text) const { return !find(text, true).empty(); }

bool Literals::replace(std::string_view text, std::string_view by, std::string& to) const {
  std::vector<Span> found = find(text, false);
  if (found.empty()) return false;
  std::sort(found.begin(), found.end(), [](Span a, Span b) { return a.begin < b.begin; });
  std::string clean;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < found.size();) {
    // What overlaps or touches is one.
    Span span = found[i];
    for (++i; i < found.size() && found[i].begin <= span.end; ++i) {
      span.end = std::max(span.end, found[i].end);
    }
    clean.append(text.substr(kept, span.begin - kept)).append(by);
    kept = span.end;
  }
  to = clean.append(text.substr(kept));
  return true;
}

}  // namespace candor::redact
