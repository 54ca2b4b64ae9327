#include "core/wire_limits.h"

#include <string>

namespace waybill {
namespace {

// A header's lengths and type, as they are encoded.
constexpr std::size_t kHeaderOverhead = 6;

Status refuse(std::string why) { return make_error(ErrorClass::kPermanent, std::move(why)); }

Status validate_name(std::string_view name, std::string_view what) {
  const auto wrong = [&](const char* why) { return refuse(std::string(what) + why); };
  if (name.size() > kShortStringMax) return wrong(" is longer than 255 bytes");
  if (!is_valid_utf8(name)) return wrong(" is not valid UTF-8");
  if (name.find('\0') != std::string_view::npos) return wrong(" contains a zero byte");
  return ok_status();
}

}  // namespace

Status validate_route(const Route& route) {
  if (Status exchange = validate_name(route.exchange, "the exchange's name"); !exchange.ok()) return exchange;
  return validate_name(route.routing_key, "the routing key");
}

Status validate_content_type(std::string_view content_type) { return validate_name(content_type, "the content type"); }

Status validate_headers(const Headers& headers) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : headers) {
    if (Status valid = validate_name(name, "a header's name"); !valid.ok()) return valid;
    bytes += name.size() + value.size() + kHeaderOverhead;
    if (bytes > kHeaderBytesMax) return refuse("the headers are larger than 64 KiB");
  }
  return ok_status();
}

}  // namespace waybill
