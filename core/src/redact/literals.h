// The secrets that a host knows by themselves: its own keys, a user's password. Found as they
// are, URL-encoded, escaped as in JSON and in base64 (in lines, too), in one pass whatever their
// number.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace candor::redact {

class Literals {
 public:
  static constexpr std::size_t kCountMax = 64, kBytesMin = 8, kBytesMax = 4096;

  enum class Refusal : std::uint8_t { none, too_short, too_long, too_many, not_utf8, own_mark };

  // Adds a secret; one that was added before is no other. Not after `prepare`.
  Refusal add(std::string_view secret);
  // Makes the rest work. Afterwards any thread may ask.
  void prepare();
  [[nodiscard]] bool empty() const noexcept { return added_.empty(); }

  // Whether `text` holds one, in any form.
  [[nodiscard]] bool occur_in(std::string_view text) const;
  // `to` becomes `text` with `by` for each; false, and `to` as it was, when it holds none.
  bool replace(std::string_view text, std::string_view by, std::string& to) const;

 private:
  struct Span {
    std::size_t begin, end;
  };
  // A node of the automaton (Aho and Corasick's): a prefix of a secret.
  struct Node {
    std::uint32_t child = 0, sibling = 0;  // 0: none
    std::uint32_t fail = 0;                // the longest suffix that is a prefix of a secret, too
    std::uint16_t depth = 0;
    std::uint16_t length = 0;  // of the longest secret that ends here; 0: none
    unsigned char byte = 0;
  };
  class Reader;

  [[nodiscard]] std::uint32_t child(std::uint32_t node, unsigned char byte) const noexcept;
  [[nodiscard]] std::uint32_t step(std::uint32_t node, unsigned char byte) const noexcept;
  [[nodiscard]] std::vector<Span> find(std::string_view text, bool first_only) const;
  template <typename UnitAt>
  void read(std::string_view text, UnitAt unit_at, std::vector<Span>& found) const;
  template <typename UnitAt>
  void read_one(std::string_view text, std::size_t begin, UnitAt unit_at,
                std::vector<Span>& found) const;
  void read_base64(std::string_view text, std::vector<Span>& found) const;
  template <typename SextetAt>
  void read_base64_run(std::size_t size, SextetAt sextet_at, std::vector<Span>& found) const;

  std::vector<std::string> added_;
  std::vector<Node> nodes_{1};
  std::array<std::uint32_t, 256> roots_{};
  std::bitset<65536> pairs_;  // the two bytes that a secret begins with
  std::size_t shortest_ = kBytesMax;
};

}  // namespace candor::redact
