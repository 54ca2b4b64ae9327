#include "api/message_show_endpoint.h"

#include <utility>

#include "api/request_checks.h"
#include "api/views.h"

namespace waybill::api {
namespace {

std::variant<bool, HttpError> read_with_body(const HttpRequest& request) {
  auto query = read_query(request, {"body"});
  if (auto* error = std::get_if<HttpError>(&query)) return std::move(*error);
  const auto& parameters = std::get<QueryParameters>(query);
  if (parameters.empty() || parameters.front().second == "0") return false;
  if (parameters.front().second == "1") return true;
  return bad_field("body", "must be 0 or 1");
}

}  // namespace

void MessageShowEndpoint::handle(const HttpRequest& request, Answer answer) {
  auto id = read_message_id(request);
  if (auto* error = std::get_if<HttpError>(&id)) return answer(to_response(ErrorForm::kV1, *error));
  auto with_body = read_with_body(request);
  if (auto* error = std::get_if<HttpError>(&with_body)) return answer(to_response(ErrorForm::kV1, *error));

  const bool body = std::get<bool>(with_body);
  operations_.find(std::get<MessageId>(id), body, [body, answer = std::move(answer)](Result<MessageDetail> found) {
    answer(found ? HttpResponse{200, to_json(view_of(found.value(), body))}
                 : to_response(ErrorForm::kV1, from_port(found.error())));
  });
}

}  // namespace waybill::api
