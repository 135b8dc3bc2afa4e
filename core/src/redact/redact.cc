#include "redact/redact.h"

#include "redact/scanner.h"

namespace candor::redact {
namespace {

// At most `max_length` code points of valid UTF-8, and no part of a mark at the end.
void cut(std::string& text, std::size_t max_length) {
  if (text.size() <= max_length) return;
  std::size_t length = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (!starts || length++ < max_length) continue;
    const std::size_t open = text.rfind('[', i - (i > 0));
    for (const Kind kind : {Kind::secret, Kind::email}) {
      if (open != std::string::npos && open < i && i - open < mark(kind).size() &&
          has_at(text, open, mark(kind))) {
        i = open;
      }
    }
    return text.resize(i);
  }
}

}  // namespace

// `from` with marks; false, and `to` as it was, when it is clean.
bool Redactor::pass(std::string_view from, std::string& to) const {
  std::string without;
  const bool literal =
      literals_ != nullptr && literals_->replace(from, mark(Kind::secret), without);
  const std::string_view text = literal ? std::string_view(without) : from;
  Scanner scanner(text, own_prefix_);
  Hit hit;
  if (!scanner.next(hit)) {
    if (literal) to = std::move(without);
    return literal;
  }
  std::string clean;
  clean.reserve(text.size());
  std::size_t kept = 0;
  do {
    clean.append(text.substr(kept, hit.begin - kept)).append(mark(hit.kind));
    kept = hit.end;
  } while (scanner.next(hit));
  to = clean.append(text.substr(kept));
  return true;
}

std::string Redactor::text(std::string_view text, std::size_t max_length) const {
  // What a hit leaves behind may look like another one; a second look mostly finds nothing.
  constexpr int kPassesMax = 8;
  std::string clean(text);
  for (int passes = 0; passes < kPassesMax && pass(clean, clean); ++passes) {}
  cut(clean, max_length);
  return clean;
}

bool Redactor::is_clean(std::string_view text) const {
  if (literals_ != nullptr && literals_->occur_in(text)) return false;
  Hit hit;
  return !Scanner(text, own_prefix_).next(hit);
}

}  // namespace candor::redact
