// Takes secrets and personal paths out of diagnostic text, the same way in every language.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "redact/literals.h"

namespace candor::redact {

// What text is cleaned of, of one client. Cheap to copy; any thread.
class Redactor {
 public:
  Redactor() = default;
  // `own_prefix`: PREFIX_ANYTHING=value announces a secret. `literals` may be null.
  Redactor(std::string own_prefix, std::shared_ptr<const Literals> literals)
      : own_prefix_(std::move(own_prefix)), literals_(std::move(literals)) {}

  // `text` (valid UTF-8) with secrets, e-mail addresses and home directories replaced by
  // [redacted], [email] and ~; linear in the text, settled (what comes out is left as it is when
  // it comes in again), and never longer than `max_length` code points: what is cut is cut last,
  // and never inside a mark. Valid UTF-8 again.
  [[nodiscard]] std::string text(std::string_view text, std::size_t max_length) const;
  // Whether `text` would change anything but cut. Allocates nothing, unless there are literals.
  [[nodiscard]] bool is_clean(std::string_view text) const;

 private:
  bool pass(std::string_view from, std::string& to) const;

  std::string own_prefix_;
  std::shared_ptr<const Literals> literals_;
};

}  // namespace candor::redact
