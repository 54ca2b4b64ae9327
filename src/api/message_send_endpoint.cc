#include "api/message_send_endpoint.h"

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "api/http_error.h"
#include "api/intake_batch.h"
#include "api/intake_refusal.h"
#include "api/message_request.h"
#include "api/request_checks.h"

namespace waybill::api {
namespace {

HttpResponse refusal(const HttpError& error) { return to_response(ErrorForm::kV1, error); }

Parsed<MessagesRequest> parse(const HttpRequest& request, MessagesType type, WallTime now) {
  switch (type) {
    case MessagesType::kJson:
      return parse_messages(request.body, now);
    case MessagesType::kLines:
      return parse_message_lines(request.body, now);
  }
  std::abort();
}

BatchForm form_of(MessagesRequest::Form form) {
  switch (form) {
    case MessagesRequest::Form::kOne:
      return BatchForm::kOne;
    case MessagesRequest::Form::kArray:
      return BatchForm::kArray;
    case MessagesRequest::Form::kLines:
      return BatchForm::kLines;
  }
  std::abort();
}

}  // namespace

void MessageSendEndpoint::handle(const HttpRequest& request, Answer answer) {
  const auto type = read_messages_type(request);
  if (const auto* error = std::get_if<HttpError>(&type)) return answer(refusal(*error));
  const auto query = read_query(request, {});
  if (const auto* error = std::get_if<HttpError>(&query)) return answer(refusal(*error));
  const auto sent = read_idempotency_key(request);
  if (const auto* error = std::get_if<HttpError>(&sent)) return answer(refusal(*error));
  const auto& key = std::get<std::optional<std::string>>(sent);

  const WallTime now = SystemWallClock().now();
  auto parsed = parse(request, std::get<MessagesType>(type), now);
  if (auto* error = std::get_if<ErrorView>(&parsed)) return answer(refusal(bad_request(std::move(*error))));
  auto& messages = std::get<MessagesRequest>(parsed);
  const BatchForm form = form_of(messages.form);
  if (auto error = IntakeBatch::check_key(form, key)) return answer(refusal(*error));
  auto batch = std::make_shared<IntakeBatch>(form, messages.messages.size(), kPath, key);
  for (auto& message : messages.messages) {
    if (auto* error = std::get_if<ErrorView>(&message)) {
      batch->refuse(bad_request(std::move(*error)));
    } else {
      auto& accepted = std::get<Message>(message);
      const Digest digest = key ? request_digest(accepted) : Digest{};
      batch->add(std::move(accepted), digest, now);
    }
  }
  IntakeBatch::submit(std::move(batch), intake_, *keys_, request.deadline, std::move(answer));
}

std::string_view MessageSendEndpoint::in_doubt_advice() const { return kMaybeAcceptedAdvice; }

}  // namespace waybill::api
