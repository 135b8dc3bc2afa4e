// Reads the members of one object of a catalog file, each with the check that
// belongs to its kind. What is absent or unfit reads as nothing; what is unfit
// has been reported by then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "catalog/document.h"
#include "catalog/keys.h"
#include "catalog/report.h"

namespace candor::catalog {

class Members {
 public:
  // `what` names the object in messages: "an event".
  Members(const Document& document, const Node& object, std::string_view what, Report& report)
      : document_(document), object_(object), what_(what), report_(report) {}

  // Reports members beyond `keys` and required ones that are missing.
  void check_keys(std::span<const Key> keys) const;
  // A missing member, reported where the object begins.
  void missing(Rule rule, std::string_view key, std::string_view hint = {}) const;

  [[nodiscard]] const Node* find(std::string_view key) const {
    return document_.find(object_, key);
  }
  // Where a member's value is; 0 without one.
  [[nodiscard]] std::uint32_t at(std::string_view key) const {
    const Node* const node = find(key);
    return node ? node->offset : 0;
  }
  [[nodiscard]] const Node* object(std::string_view key) const;
  [[nodiscard]] const Node* array(std::string_view key) const;
  [[nodiscard]] bool flag(std::string_view key) const;  // false when absent
  // Text of 1 to `bytes_max` bytes without control characters.
  [[nodiscard]] std::string_view text(std::string_view key,
                                      std::size_t bytes_max = kTextBytesMax) const;
  // Text that is one of `words`: its index.
  [[nodiscard]] std::optional<std::size_t> word(std::string_view key,
                                                std::span<const std::string_view> words,
                                                Rule rule = Rule::unknown_name) const;
  // A whole number (1.0 is one) from `min` to `max`.
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key, std::int64_t min,
                                                    std::int64_t max) const;
  [[nodiscard]] std::optional<double> number(std::string_view key) const;

 private:
  void wrong_type(const Node& node, std::string_view wanted) const;

  const Document& document_;
  const Node& object_;
  std::string_view what_;
  Report& report_;
};

// The whole number that a node holds, if it holds one of 64 bits.
[[nodiscard]] std::optional<std::int64_t> whole_number(const Node& node) noexcept;
// Whether text may be shown and stored: valid, without control characters but line feeds.
[[nodiscard]] bool is_plain_text(std::string_view text) noexcept;
// "'name'" of a member, or "an item" of an array's element.
[[nodiscard]] std::string label(const Node& node);

}  // namespace candor::catalog
