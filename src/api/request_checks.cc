#include "api/request_checks.h"

#include <algorithm>
#include <utility>

namespace waybill::api {
namespace {

constexpr std::size_t kIdBytesMax = 255;
constexpr std::size_t kKeyBytesMax = 255;

bool is_visible(char c) { return c >= 0x20 && c < 0x7f; }

std::optional<HttpError> check_encoding(const HttpRequest& request) {
  const auto encoding = request.header("Content-Encoding");
  if (!encoding || equal_ignoring_case(*encoding, "identity")) return std::nullopt;
  return HttpError{415, "encoded bodies are not taken; send it without Content-Encoding"};
}

}  // namespace

std::optional<HttpError> check_json_body(const HttpRequest& request) {
  if (auto error = check_encoding(request)) return error;
  const auto type = request.header("Content-Type");
  if (type && is_json_media_type(*type)) return std::nullopt;
  return HttpError{415, "the body must be sent with 'Content-Type: application/json', in UTF-8"};
}

std::optional<HttpError> check_json_request(const HttpRequest& request) {
  auto query = read_query(request, {});
  if (auto* error = std::get_if<HttpError>(&query)) return std::move(*error);
  if (request.body.empty()) return std::nullopt;
  return check_json_body(request);
}

std::variant<MessagesType, HttpError> read_messages_type(const HttpRequest& request) {
  if (auto error = check_encoding(request)) return *std::move(error);
  const auto type = request.header("Content-Type");
  if (type && is_json_media_type(*type)) return MessagesType::kJson;
  if (type && is_ndjson_media_type(*type)) return MessagesType::kLines;
  return HttpError{415,
                   "the body must be sent with 'Content-Type: application/json' or 'application/x-ndjson', in UTF-8"};
}

std::variant<std::optional<std::string>, HttpError> read_idempotency_key(const HttpRequest& request) {
  constexpr std::string_view kName = "Idempotency-Key";
  const auto sent = request.header(kName);
  if (!sent) return std::nullopt;
  const auto refuse = [&](const char* why) { return bad_field(std::string(kName), why); };
  if (request.header_count(kName) > 1) return refuse("was sent more than once");
  std::string_view key = trim(*sent);
  if (key.size() >= 2 && key.starts_with('"') && key.ends_with('"')) key = key.substr(1, key.size() - 2);
  if (key.empty()) return refuse("is empty");
  if (key.size() > kKeyBytesMax) return refuse("is longer than 255 characters");
  if (!std::all_of(key.begin(), key.end(), is_visible)) return refuse("holds something other than ASCII characters");
  return std::string(key);
}

std::variant<QueryParameters, HttpError> read_query(const HttpRequest& request,
                                                    const std::vector<std::string_view>& known) {
  auto parameters = parse_query(request.query);
  if (!parameters) return HttpError{400, "the query holds a '%' without two hexadecimal digits after it"};
  for (auto at = parameters->begin(); at != parameters->end(); ++at) {
    const std::string& name = at->first;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return bad_field(name, "is not a known query parameter");
    }
    if (std::any_of(parameters->begin(), at, [&](const auto& earlier) { return earlier.first == name; })) {
      return bad_field(name, "is given more than once");
    }
  }
  return *std::move(parameters);
}

std::variant<MessageId, HttpError> read_message_id(const HttpRequest& request) {
  const std::string& id = request.path_values.front();
  // Whatever another program may have inserted can be looked for, and so can the reserved ids of ours.
  if (!id.empty() && id.size() <= kIdBytesMax && is_valid_utf8(id)) return MessageId{id};
  return HttpError{404, "there is no such message: an id has 1 to 255 bytes of UTF-8"};
}

HttpError bad_field(std::string field, std::string message) {
  HttpError error{400, "'" + field + "' " + message};
  error.fields.push_back({std::move(field), std::move(message)});
  return error;
}

}  // namespace waybill::api
