#include "api/mails_endpoint.h"

#include <optional>
#include <string>
#include <variant>

#include "api/http_error.h"
#include "api/intake_batch.h"
#include "api/intake_refusal.h"
#include "api/request_checks.h"

namespace waybill::api {
namespace {

HttpResponse refusal(const HttpError& error) { return to_response(ErrorForm::kV1, error); }

}  // namespace

void MailsEndpoint::handle(const HttpRequest& request, Answer answer) {
  if (auto error = check_json_body(request)) return answer(refusal(*error));
  const auto query = read_query(request, {});
  if (const auto* error = std::get_if<HttpError>(&query)) return answer(refusal(*error));
  const auto sent = read_idempotency_key(request);
  if (const auto* error = std::get_if<HttpError>(&sent)) return answer(refusal(*error));
  const auto& key = std::get<std::optional<std::string>>(sent);

  const WallTime now = SystemWallClock().now();
  auto parsed = parse_mails(request.body, options_.rules, now);
  if (auto* error = std::get_if<ErrorView>(&parsed)) return answer(refusal(bad_request(std::move(*error))));
  auto& mails = std::get<MailsRequest>(parsed);
  if (auto error = IntakeBatch::check_key(mails.form, key)) return answer(refusal(*error));
  auto batch = std::make_shared<IntakeBatch>(mails.form, mails.orders.size(), kPath, key);
  for (auto& order : mails.orders) {
    if (auto* error = std::get_if<ErrorView>(&order)) {
      batch->refuse(bad_request(std::move(*error)));
    } else {
      auto& accepted = std::get<MailOrder>(order);
      const Digest digest = key ? digest_of(accepted) : Digest{};
      batch->add(message_of(std::move(accepted)), digest, now);
    }
  }
  IntakeBatch::submit(std::move(batch), intake_, *keys_, request.deadline, std::move(answer));
}

Message MailsEndpoint::message_of(MailOrder order) const {
  Message message;
  message.route = options_.route;
  message.content_type = options_.content_type;
  message.body = Body(std::move(order.body));
  message.not_before = order.send_at;
  return message;
}

std::string_view MailsEndpoint::in_doubt_advice() const { return kMaybeAcceptedAdvice; }

}  // namespace waybill::api
