// Takes secrets and personal paths out of diagnostic text, the same way in every language.
#pragma once

#include <string>
#include <string_view>

namespace candor::redact {

// `text` (valid UTF-8) with secrets, e-mail addresses and home directories
// replaced by [redacted], [email] and ~; case-insensitive, linear in the text,
// and never longer than `max_length` code points. Valid UTF-8 again.
[[nodiscard]] std::string text(std::string_view text, std::size_t max_length);
// Whether `text` would change anything; allocates nothing.
[[nodiscard]] bool is_clean(std::string_view text) noexcept;

}  // namespace candor::redact
