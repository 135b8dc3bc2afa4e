#include "catalog/document.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <numeric>
#include <utility>

#include <nlohmann/json.hpp>

namespace candor::catalog {
namespace {

bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// Feeds nlohmann's lexer and tells how far it has read.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor(const char* at, const char** read) noexcept : at_(at), read_(read) {}
  reference operator*() const noexcept { return *at_; }
  Cursor& operator++() noexcept {
    *read_ = ++at_;
    return *this;
  }
  Cursor operator++(int) noexcept {
    Cursor before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Cursor& a, const Cursor& b) noexcept { return a.at_ == b.at_; }

 private:
  const char* at_;
  const char** read_;
};

// Offset of the byte that ends the comment at `at` (one past it), or npos when it never ends.
std::size_t comment_end(std::string_view text, std::size_t at) noexcept {
  if (text[at + 1] == '/') return std::min(text.find('\n', at), text.size());
  const std::size_t close = text.find("*/", at + 2);
  return close == std::string_view::npos ? close : close + 2;
}

std::size_t string_end(std::string_view text, std::size_t at) noexcept {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\')
      ++at;
    else if (text[at] == '"')
      return at + 1;
    else if (text[at] == '\n')
      return at;
  }
  return text.size();
}

// One past the number at `at`; nlohmann's lexer ends it after a leading zero.
std::size_t number_end(std::string_view json, std::size_t at) noexcept {
  const std::size_t digits = json[at] == '-' ? at + 1 : at;
  if (digits + 1 < json.size() && json[digits] == '0' && json[digits + 1] >= '0' &&
      json[digits + 1] <= '9') {
    return digits + 1;
  }
  return std::min(json.find_first_not_of("+-.0123456789Ee", at), json.size());
}

// Offset of the first byte that is not UTF-8; there is one.
std::size_t first_bad_byte(std::string_view text) {
  std::size_t good = 0;
  while (good < text.size()) {
    const std::size_t line = std::min(text.find('\n', good), text.size() - 1) + 1;
    if (!utf8_length(text.substr(good, line - good))) break;
    good = line;
  }
  while (good < text.size()) {
    std::size_t n = 1;
    while (n <= 4 && !utf8_length(text.substr(good, n))) ++n;
    if (n > 4) break;
    good += n;
  }
  return good;
}

}  // namespace

// nlohmann's SAX events into nodes.
class TreeBuilder {
 public:
  // `json` is `text` made plain; nodes view `text`, which lives longer.
  TreeBuilder(std::string_view text, std::string_view json, const char** read, Document& document,
              Report& report)
      : text_(text), json_(json), read_(read), document_(document), report_(report) {}

  bool null() { return add(Kind::null); }
  bool boolean(bool value) {
    if (!add(Kind::boolean)) return false;
    document_.nodes_.back().boolean = value;
    return true;
  }
  bool number_integer(std::int64_t value) {
    if (!add(Kind::integer)) return false;
    document_.nodes_.back().integer = value;
    document_.nodes_.back().number = static_cast<double>(value);
    return true;
  }
  bool number_unsigned(std::uint64_t value) {
    constexpr auto kMax = static_cast<std::uint64_t>(INT64_MAX);
    return value <= kMax ? number_integer(static_cast<std::int64_t>(value))
                         : number_float(static_cast<double>(value), {});
  }
  bool number_float(double value, const std::string&) {
    if (!add(Kind::number)) return false;
    document_.nodes_.back().number = value;
    return true;
  }
  bool string(std::string& value) {
    if (!add(Kind::string)) return false;
    document_.nodes_.back().text = keep(document_.nodes_.back().offset, value);
    return true;
  }
  bool binary(std::vector<std::uint8_t>&) { return false; }  // JSON text has none
  bool start_object(std::size_t) { return open(Kind::object); }
  bool start_array(std::size_t) { return open(Kind::array); }
  bool key(std::string& name) {
    key_offset_ = token();
    key_ = keep(key_offset_, name);
    key_pending_ = true;
    return true;
  }
  bool end_object() {
    report_repeats();
    return close();
  }
  bool end_array() { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) {
    SyntaxState state{.offset = end_, .key_pending = key_pending_};
    for (const Open& o : open_) state.open.push_back(document_.nodes_[o.node].offset);
    state.empty =
        open_.empty() ? document_.nodes_.empty() : document_.nodes_[open_.back().node].count == 0;
    report_syntax(json_, state, report_);
    return false;
  }

 private:
  struct Open {
    std::uint32_t node;
    std::uint32_t last_child = 0;
  };

  // Offset of the token that was just read, which starts after the one before it.
  std::uint32_t token() noexcept {
    std::size_t at = end_;
    while (at < json_.size() && (is_space(json_[at]) || json_[at] == ',' || json_[at] == ':')) ++at;
    end_ = static_cast<std::size_t>(*read_ - json_.data());
    return static_cast<std::uint32_t>(at);
  }

  // A view of the string at `offset`, into the file where it holds no escapes.
  std::string_view keep(std::uint32_t offset, std::string& value) {
    const std::size_t spelled = end_ - offset - 2;  // an escape is longer than what it means
    if (spelled == value.size()) return text_.substr(offset + 1, spelled);
    return document_.unescaped_.emplace_back(std::move(value));
  }

  bool add(Kind kind) {
    auto& nodes = document_.nodes_;
    if (nodes.size() == kJsonValuesMax) {
      report_.add(Rule::limit, token(),
                  "the file holds more than " + std::to_string(kJsonValuesMax) + " values");
      return false;
    }
    const auto index = static_cast<std::uint32_t>(nodes.size());
    if (!open_.empty()) {
      Open& parent = open_.back();
      if (parent.last_child == 0)
        nodes[parent.node].first_child = index;
      else
        nodes[parent.last_child].next = index;
      parent.last_child = index;
      ++nodes[parent.node].count;
    }
    Node& node = nodes.emplace_back();
    node.kind = kind;
    node.offset = token();
    if (kind == Kind::integer || kind == Kind::number) {
      end_ = number_end(json_, node.offset);  // the lexer reads one byte beyond
    }
    node.key_offset = key_pending_ ? key_offset_ : node.offset;
    if (key_pending_) node.key = key_;
    key_pending_ = false;
    return true;
  }

  bool open(Kind kind) {
    if (!add(kind)) return false;
    if (open_.size() == kDepthMax) {
      report_.add(Rule::limit, document_.nodes_.back().offset,
                  "nested more than " + std::to_string(kDepthMax) + " levels deep");
      return false;
    }
    open_.push_back({static_cast<std::uint32_t>(document_.nodes_.size() - 1)});
    return true;
  }

  bool close() {
    token();
    open_.pop_back();
    return true;
  }

  void report_repeats() {
    keys_.clear();
    members_.clear();
    const Node& object = document_.nodes_[open_.back().node];
    for (const Node* n = document_.first(object); n; n = document_.next(*n)) {
      keys_.push_back(n->key);
      members_.push_back(n);
    }
    repeats_.clear();
    find_repeats(keys_, repeats_);
    for (const std::uint32_t i : repeats_) {
      report_.add(Rule::duplicate_key, members_[i]->key_offset,
                  quoted(keys_[i]) + " is given twice in this object");
    }
  }

  std::string_view text_;
  std::string_view json_;
  const char** read_;
  Document& document_;
  Report& report_;
  std::vector<Open> open_;
  std::vector<std::string_view> keys_;
  std::vector<const Node*> members_;
  std::vector<std::uint32_t> repeats_;
  std::string_view key_;
  std::uint32_t key_offset_ = 0;
  bool key_pending_ = false;
  std::size_t end_ = 0;  // of the last token
};

std::optional<Document> Document::read(std::string_view text, Report& report) {
  if (text.size() > kCatalogBytesMax) {
    report.add(Rule::limit, 0,
               "the file is larger than " + std::to_string(kCatalogBytesMax >> 20) + " MiB");
    return {};
  }
  if (!utf8_length(text)) {
    report.add(Rule::syntax, first_bad_byte(text),
               "this byte is not UTF-8; save the file as UTF-8");
    return {};
  }
  const std::optional<std::string> json = plain_json(text, report);
  if (!json) return {};

  Document document;
  document.nodes_.reserve(std::min(kJsonValuesMax, text.size() / 16 + 16));
  const char* read = json->data();
  TreeBuilder builder(text, *json, &read, document, report);
  try {
    if (!nlohmann::json::sax_parse(Cursor(json->data(), &read),
                                   Cursor(json->data() + json->size(), &read), &builder)) {
      return {};
    }
  } catch (const std::exception&) {  // out of memory
    report.add(Rule::limit, 0, "the file needs more memory than there is");
    return {};
  }
  return document;
}

const Node* Document::find(const Node& object, std::string_view key) const noexcept {
  for (const Node* n = first(object); n; n = next(*n)) {
    if (n->key == key) return n;
  }
  return nullptr;
}

std::optional<std::string> plain_json(std::string_view text, Report& report) {
  std::string json(text);
  char last = 0;          // the last byte that means something
  std::size_t comma = 0;  // where, when it is a comma that may turn out to be trailing
  for (std::size_t at = 0; at < json.size();) {
    const char c = json[at];
    if (c == '/' && at + 1 < json.size() && (json[at + 1] == '/' || json[at + 1] == '*')) {
      const std::size_t end = comment_end(text, at);
      if (end == std::string_view::npos) {
        report.add(Rule::syntax, at, "this comment is never closed; end it with */");
        return {};
      }
      for (; at < end; ++at) {
        if (!is_space(json[at])) json[at] = ' ';
      }
      continue;
    }
    if (c == '\0') {  // nlohmann would take it for the end
      report.add(Rule::syntax, at, "the file holds a NUL byte; save it as plain UTF-8 text");
      return {};
    }
    if (c == '"') {
      at = string_end(text, at);
      last = c;
      continue;
    }
    if (!is_space(c)) {
      if ((c == ']' || c == '}') && last == ',') json[comma] = ' ';
      // A comma after nothing is a mistake and not a trailing one.
      const bool after_value =
          last != 0 && last != ',' && last != ':' && last != '[' && last != '{';
      last = c == ',' && !after_value ? ':' : c;
      if (c == ',') comma = at;
    }
    ++at;
  }
  return json;
}

void find_repeats(std::span<const std::string_view> names, std::vector<std::uint32_t>& repeats) {
  constexpr std::size_t kFew = 16;
  if (names.size() <= kFew) {
    for (std::size_t i = 1; i < names.size(); ++i) {
      if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
          names.begin() + static_cast<std::ptrdiff_t>(i)) {
        repeats.push_back(static_cast<std::uint32_t>(i));
      }
    }
    return;
  }
  std::vector<std::uint32_t> order(names.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const int c = names[a].compare(names[b]);
    return c != 0 ? c < 0 : a < b;
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (names[order[i]] == names[order[i - 1]]) repeats.push_back(order[i]);
  }
}

}  // namespace candor::catalog
