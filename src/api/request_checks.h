// What endpoints check of a request before they look at its contents. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/http_error.h"
#include "api/http_message.h"
#include "core/names.h"

namespace waybill::api {

/// 415 unless the body is announced as JSON and is not encoded.
[[nodiscard]] std::optional<HttpError> check_json_body(const HttpRequest& request);

/// The same for requests that may do without a body; and 400 if there is a query.
[[nodiscard]] std::optional<HttpError> check_json_request(const HttpRequest& request);

/// How the messages of a request are announced.
enum class MessagesType { kJson, kLines };
/// 415 unless it is JSON or NDJSON and not encoded.
[[nodiscard]] std::variant<MessagesType, HttpError> read_messages_type(const HttpRequest& request);

/// The value of `Idempotency-Key`: 1 to 255 visible characters, around which quotes are left out. 400 if it is not so.
[[nodiscard]] std::variant<std::optional<std::string>, HttpError> read_idempotency_key(const HttpRequest& request);

/// The decoded query; 400 if it cannot be decoded, names something that is not in `known`, or names anything twice.
[[nodiscard]] std::variant<QueryParameters, HttpError> read_query(const HttpRequest& request,
                                                                  const std::vector<std::string_view>& known);

/// The message id in the path; 404 if no message could have it.
[[nodiscard]] std::variant<MessageId, HttpError> read_message_id(const HttpRequest& request);

/// 400 naming one field.
[[nodiscard]] HttpError bad_field(std::string field, std::string message);

}  // namespace waybill::api
