// PostgreSQL's binary formats of the types that the message log uses: parameters are built column by column, results
// are read by column. No text is ever quoted or parsed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "core/delivery_state.h"
#include "core/message.h"
#include "core/names.h"

namespace waybill::postgres {

/// The types' numbers in pg_type, which never change.
enum class Type : std::uint32_t {
  kBool = 16,
  kBytes = 17,
  kBig = 20,
  kSmall = 21,
  kInteger = 23,
  kText = 25,
  kTimestamp = 1114,
};

/// A null of whatever type.
struct Null {};
/// Bytes, to tell them from text.
struct Bytes {
  std::string_view bytes;
};

/// One value in the format of `type`: without its length.
void encode(std::string& out, Type type, std::string_view value);
void encode(std::string& out, Type type, std::int64_t value);
void encode(std::string& out, Type type, WallTime value);

/// One array parameter, filled value by value.
class Array {
 public:
  explicit Array(Type element) : element_(element) {}

  void add(Null) { add_null(); }
  void add(std::string_view value) { begin(value.size()), encode(elements_, element_, value); }
  void add(const std::string& value) { add(std::string_view(value)); }
  void add(const char* value) { add(std::string_view(value)); }
  void add(const MessageId& value) { add(std::string_view(value.value)); }
  void add(const QueueName& value) { add(std::string_view(value.value)); }
  void add(const Digest& value);
  void add(bool value) { add(std::int64_t{value ? 1 : 0}); }
  void add(int value) { add(std::int64_t{value}); }
  void add(std::size_t value) { add(static_cast<std::int64_t>(value)); }
  void add(State value) { add(static_cast<std::int64_t>(value)); }
  void add(Token value) { add(static_cast<std::int64_t>(value.value)); }
  void add(BootNonce value) { add(static_cast<std::int64_t>(value.value)); }
  void add(WallTime value) { begin(8), encode(elements_, element_, value); }
  void add(std::int64_t value);
  template <class T>
  void add(const std::optional<T>& value) {
    if (value) {
      add(*value);
    } else {
      add_null();
    }
  }

  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::string encoded() const;

 private:
  void add_null();
  void begin(std::size_t length);

  const Type element_;
  std::string elements_;
  std::size_t count_ = 0;
  bool has_null_ = false;
};

/// The parameters of one statement, in their order.
class Params {
 public:
  Params& add(const Array& value) { return put(value.encoded()); }
  Params& add(Null) {
    values_.emplace_back(std::nullopt);
    return *this;
  }
  Params& add(std::string_view value) { return put(std::string(value)); }
  Params& add(const std::string& value) { return put(value); }
  Params& add(const MessageId& value) { return put(value.value); }
  Params& add(Bytes value) { return put(std::string(value.bytes)); }
  Params& add(bool value) { return integer(Type::kBool, value ? 1 : 0); }
  Params& add(int value) { return integer(Type::kInteger, value); }
  Params& add(std::int64_t value) { return integer(Type::kBig, value); }
  Params& add(WallTime value) {
    std::string out;
    encode(out, Type::kTimestamp, value);
    return put(std::move(out));
  }
  template <class T>
  Params& add(const std::optional<T>& value) {
    return value ? add(*value) : add(Null{});
  }

  [[nodiscard]] const std::vector<std::optional<std::string>>& values() const { return values_; }

 private:
  Params& put(std::string value) {
    values_.emplace_back(std::move(value));
    return *this;
  }
  Params& integer(Type type, std::int64_t value) {
    std::string out;
    encode(out, type, value);
    return put(std::move(out));
  }

  std::vector<std::optional<std::string>> values_;
};

// Values of results. A time outside of what WallTime holds (`infinity`) reads as the nearest it holds.
[[nodiscard]] std::int64_t decode_integer(std::string_view value);
[[nodiscard]] WallTime decode_time(std::string_view value);

}  // namespace waybill::postgres
