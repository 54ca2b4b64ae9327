#include "log/headers_json.h"

#include <boost/json.hpp>

namespace waybill {
namespace {

namespace json = boost::json;

std::optional<Headers> from_pairs(const json::array& pairs) {
  Headers headers;
  for (const json::value& pair : pairs) {
    const json::array* both = pair.if_array();
    if (both == nullptr || both->size() != 2 || !both->at(0).is_string() || !both->at(1).is_string()) {
      return std::nullopt;
    }
    headers.emplace_back(std::string(both->at(0).as_string()), std::string(both->at(1).as_string()));
  }
  return headers;
}

std::optional<Headers> from_object(const json::object& object) {
  Headers headers;
  for (const auto& [name, value] : object) {
    if (!value.is_string()) return std::nullopt;
    headers.emplace_back(std::string(name), std::string(value.as_string()));
  }
  return headers;
}

}  // namespace

std::optional<std::string> headers_to_json(const Headers& headers) {
  if (headers.empty()) return std::nullopt;
  json::array pairs;
  for (const auto& [name, value] : headers) pairs.push_back(json::array{name, value});
  return json::serialize(pairs);
}

std::optional<Headers> headers_from_json(std::string_view text) {
  json::parse_options options;
  options.allow_invalid_utf8 = true;  // a header's value is bytes to the broker
  json::error_code error;
  const json::value value = json::parse(text, error, {}, options);
  if (error) return std::nullopt;
  if (const json::array* pairs = value.if_array()) return from_pairs(*pairs);
  if (const json::object* object = value.if_object()) return from_object(*object);
  return std::nullopt;
}

}  // namespace waybill
