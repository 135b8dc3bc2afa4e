// JSONC text as a tree that knows where everything was written. Objects keep
// their members in file order, repeated ones included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/report.h"

namespace candor::catalog {

enum class Kind : std::uint8_t { null, boolean, integer, number, string, array, object };

struct Node {
  std::string_view key;           // a member's name; empty elsewhere
  std::string_view text;          // string
  std::int64_t integer = 0;       // integer
  double number = 0;              // integer and number
  std::uint32_t offset = 0;       // of the value's first byte
  std::uint32_t key_offset = 0;   // of the key's opening quote; without a key, `offset`
  std::uint32_t count = 0;        // members or items
  std::uint32_t first_child = 0;  // 0: none, since nothing has the root as its child
  std::uint32_t next = 0;         // 0: the last one
  Kind kind = Kind::null;
  bool boolean = false;
};

// Views into the text it was read from, which must outlive it.
class Document {
 public:
  // Reports what is wrong with the text as JSONC: syntax, limits, repeated keys.
  // Nothing when no tree could be made. Comments and trailing commas are allowed.
  [[nodiscard]] static std::optional<Document> read(std::string_view text, Report& report);

  [[nodiscard]] const Node& root() const noexcept { return nodes_.front(); }
  // The member of that name (the first, when it is repeated), or null.
  [[nodiscard]] const Node* find(const Node& object, std::string_view key) const noexcept;
  [[nodiscard]] const Node* first(const Node& parent) const noexcept {
    return at(parent.first_child);
  }
  [[nodiscard]] const Node* next(const Node& node) const noexcept { return at(node.next); }

 private:
  friend class TreeBuilder;
  [[nodiscard]] const Node* at(std::uint32_t index) const noexcept {
    return index == 0 ? nullptr : &nodes_[index];
  }

  std::vector<Node> nodes_;
  std::deque<std::string> unescaped_;  // texts that differ from what the file spells
};

// `text` with comments and trailing commas blanked out, byte for byte in place.
// Nothing, and a problem, when a comment isn't closed.
[[nodiscard]] std::optional<std::string> plain_json(std::string_view text, Report& report);

// Reports why `json` (of plain_json) is no JSON. `offset` is where the last good
// token ended; `key_pending` says that this token was a member's name; `open`
// holds the offsets of the brackets that are open there, `empty` whether the
// innermost has nothing in it yet.
struct SyntaxState {
  std::size_t offset = 0;
  bool key_pending = false;
  bool empty = true;
  std::vector<std::uint32_t> open;
};
void report_syntax(std::string_view json, const SyntaxState& state, Report& report);

// Appends to `repeats` the index of every name that equals an earlier one. n log n at worst.
void find_repeats(std::span<const std::string_view> names, std::vector<std::uint32_t>& repeats);

}  // namespace candor::catalog
