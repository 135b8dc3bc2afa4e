// Values and fields as a caller hands them to emit. Everything here is a view:
// nothing is copied or allocated, and what it points to need only live until
// emit returns. Initializer lists written inside the call do.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string_view>

namespace candor {

struct Field;

class Value {
 public:
  enum class Kind : std::uint8_t {
    null,  // absent for an optional field, missing for a required one
    boolean,
    integer,
    number,
    string,  // must be UTF-8; checked by emit
    array,
    object,       // for catalog types object and map
    unsupported,  // a host value that no catalog type can hold; always wrong_type
  };

  constexpr Value() noexcept = default;
  constexpr Value(std::nullptr_t) noexcept {}
  constexpr Value(bool v) noexcept : kind_(Kind::boolean) { u_.boolean = v; }
  template <std::integral T>
  requires(!std::same_as<T, bool>) constexpr Value(T v) noexcept : kind_(Kind::integer) {
    if constexpr (std::unsigned_integral<T> && sizeof(T) == sizeof(std::uint64_t)) {
      if (v > static_cast<T>(std::numeric_limits<std::int64_t>::max())) {
        kind_ = Kind::number;
        u_.number = static_cast<double>(v);
        return;
      }
    }
    u_.integer = static_cast<std::int64_t>(v);
  }
  template <std::floating_point T>
  constexpr Value(T v) noexcept : kind_(Kind::number) {
    u_.number = static_cast<double>(v);
  }
  constexpr Value(std::string_view v) noexcept : kind_(Kind::string), size_(v.size()) {
    u_.text = v.data();
  }
  template <typename T>
  requires(std::convertible_to<const T&, std::string_view> && !std::same_as<T, std::string_view> &&
           !std::same_as<T, std::nullptr_t>) constexpr Value(const T& v) noexcept
      : Value(static_cast<std::string_view>(v)) {}

  [[nodiscard]] static constexpr Value array(const Value* first, std::size_t count) noexcept {
    Value v;
    v.kind_ = Kind::array;
    v.size_ = count;
    v.u_.items = first;
    return v;
  }
  [[nodiscard]] static constexpr Value array(std::initializer_list<Value> items) noexcept {
    return array(items.begin(), items.size());
  }
  [[nodiscard]] static constexpr Value object(const Field* first, std::size_t count) noexcept {
    Value v;
    v.kind_ = Kind::object;
    v.size_ = count;
    v.u_.fields = first;
    return v;
  }
  [[nodiscard]] static constexpr Value object(std::initializer_list<Field> fields) noexcept;
  [[nodiscard]] static constexpr Value unsupported() noexcept {
    Value v;
    v.kind_ = Kind::unsupported;
    return v;
  }

  [[nodiscard]] constexpr Kind kind() const noexcept { return kind_; }
  // Each of these is meaningful only for the kind it is named after.
  [[nodiscard]] constexpr bool boolean() const noexcept { return u_.boolean; }
  [[nodiscard]] constexpr std::int64_t integer() const noexcept { return u_.integer; }
  [[nodiscard]] constexpr double number() const noexcept { return u_.number; }
  [[nodiscard]] constexpr std::string_view string() const noexcept { return {u_.text, size_}; }
  [[nodiscard]] constexpr const Value* items() const noexcept { return u_.items; }
  [[nodiscard]] constexpr const Field* fields() const noexcept { return u_.fields; }
  // Elements of an array, entries of an object, bytes of a string.
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }

 private:
  Kind kind_ = Kind::null;
  std::size_t size_ = 0;
  union {
    bool boolean;
    std::int64_t integer = 0;
    double number;
    const char* text;
    const Value* items;
    const Field* fields;
  } u_;
};

struct Field {
  std::string_view name;
  Value value;
};

constexpr Value Value::object(std::initializer_list<Field> fields) noexcept {
  return object(fields.begin(), fields.size());
}

}  // namespace candor
