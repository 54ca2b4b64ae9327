#include "log/postgres/wire.h"

#include <algorithm>
#include <limits>

namespace waybill::postgres {
namespace {

// Timestamps count microseconds from 2000-01-01.
constexpr std::int64_t kEpochMillis = 946'684'800'000;
constexpr std::int64_t kMicrosPerMilli = 1'000;
// What a timestamp can hold, well inside: years -4700 to 294000.
constexpr std::int64_t kFarPastMillis = -210'000'000'000'000;
constexpr std::int64_t kFarFutureMillis = 9'000'000'000'000'000;

void put_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFFU);
}

int width_of(Type type) {
  switch (type) {
    case Type::kBool:
      return 1;
    case Type::kSmall:
      return 2;
    case Type::kInteger:
      return 4;
    case Type::kBig:
    case Type::kTimestamp:
      return 8;
    case Type::kBytes:
    case Type::kText:
      break;
  }
  return 0;
}

}  // namespace

void encode(std::string& out, Type, std::string_view value) { out += value; }

void encode(std::string& out, Type type, std::int64_t value) {
  put_big_endian(out, static_cast<std::uint64_t>(value), width_of(type));
}

void encode(std::string& out, Type, WallTime value) {
  const std::int64_t millis = std::clamp(to_millis(value), kFarPastMillis, kFarFutureMillis);
  put_big_endian(out, static_cast<std::uint64_t>((millis - kEpochMillis) * kMicrosPerMilli), 8);
}

void Array::add(const Digest& value) {
  add(std::string_view(reinterpret_cast<const char*>(value.data()), value.size()));
}

void Array::add(std::int64_t value) {
  begin(static_cast<std::size_t>(width_of(element_)));
  encode(elements_, element_, value);
}

void Array::add_null() {
  put_big_endian(elements_, std::numeric_limits<std::uint32_t>::max(), 4);
  ++count_;
  has_null_ = true;
}

void Array::begin(std::size_t length) {
  put_big_endian(elements_, length, 4);
  ++count_;
}

// Dimensions, whether there are nulls, the element type, then the one dimension's length and lower bound.
std::string Array::encoded() const {
  std::string out;
  out.reserve(20 + elements_.size());
  put_big_endian(out, count_ == 0 ? 0 : 1, 4);
  put_big_endian(out, has_null_ ? 1 : 0, 4);
  put_big_endian(out, static_cast<std::uint32_t>(element_), 4);
  if (count_ == 0) return out;
  put_big_endian(out, count_, 4);
  put_big_endian(out, 1, 4);
  out += elements_;
  return out;
}

std::int64_t decode_integer(std::string_view value) {
  std::uint64_t number = !value.empty() && (static_cast<unsigned char>(value.front()) & 0x80U) != 0 && value.size() > 1
                             ? std::numeric_limits<std::uint64_t>::max()
                             : 0;
  for (const char byte : value) number = number << 8U | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(number);
}

WallTime decode_time(std::string_view value) {
  const std::int64_t micros = decode_integer(value);
  std::int64_t millis = micros / kMicrosPerMilli;
  if (micros % kMicrosPerMilli < 0) --millis;
  return from_millis(millis + kEpochMillis);
}

}  // namespace waybill::postgres
