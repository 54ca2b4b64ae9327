#include "log/list_cursor.h"

#include <charconv>

#include "base/sha256.h"

namespace waybill {
namespace {

constexpr std::size_t kCheckLength = 8;

}  // namespace

std::string write_cursor(std::string_view identity, std::int64_t position) {
  const std::string number = std::to_string(position);
  const std::string check = to_hex(sha256(std::string(identity) + "/" + number));
  return number + "-" + check.substr(0, kCheckLength);
}

Result<std::int64_t> read_cursor(std::string_view identity, std::string_view cursor) {
  std::int64_t position = 0;
  std::from_chars(cursor.data(), cursor.data() + cursor.size(), position);
  if (position >= 0 && write_cursor(identity, position) == cursor) return position;
  return make_error(
      ErrorClass::kPermanent,
      "the cursor is none that this message log has given; leave it out to begin with the newest message");
}

}  // namespace waybill
