#include "api/mail_send_endpoint.h"

#include <memory>
#include <utility>

#include "api/http_error.h"
#include "api/intake_refusal.h"
#include "api/request_checks.h"
#include "mail/mail_body.h"

namespace waybill::api {
namespace {

HttpResponse refusal(const HttpError& error) { return to_response(ErrorForm::kClassic, error); }

HttpError bad_mail(const waybill::FieldErrors& errors) {
  HttpError error{400, to_string(errors)};
  for (const waybill::FieldError& field : errors) error.fields.push_back({field.field, field.message});
  return error;
}

// Equal for requests that ask for the same mail, however they are written.
Digest digest_of(const MailRequest& mail) { return sha256(write_mail_body(MessageId{}, mail)); }

HttpResponse accepted(const MessageId& id) {
  return HttpResponse{200, to_json(ClassicView{ClassicView::kSuccess, "成功", id.value, {}})};
}

HttpResponse answer_of(const Result<AppendAnswer>& result, bool repeated) {
  if (const auto error = intake_refusal(result, repeated)) return refusal(*error);
  return accepted(result->id);
}

}  // namespace

void MailSendEndpoint::handle(const HttpRequest& request, Answer answer) {
  if (auto error = check_json_body(request)) return answer(refusal(*error));
  auto query = read_query(request, {});
  if (auto* error = std::get_if<HttpError>(&query)) return answer(refusal(*error));
  auto key = read_idempotency_key(request);
  if (auto* error = std::get_if<HttpError>(&key)) return answer(refusal(*error));
  auto parsed = parse_mail_request(request.body, options_.rules.limits);
  if (auto* errors = std::get_if<FieldErrors>(&parsed)) return answer(refusal(bad_mail(*errors)));

  auto mail = std::make_shared<const MailRequest>(std::get<MailRequest>(std::move(parsed)));
  IntakeRequest intake;
  intake.message.route = options_.route;
  intake.message.content_type = options_.content_type;
  intake.body_for = [mail](const MessageId& id) { return Body(write_mail_body(id, *mail)); };
  auto& sent = std::get<std::optional<std::string>>(key);
  if (!sent) {
    return intake_.accept(std::move(intake), request.deadline,
                          [answer = std::move(answer)](const Result<AppendAnswer>& result) {
                            answer(answer_of(result, /*repeated=*/false));
                          });
  }
  intake.key = IdempotencyKey{std::string(kPath), *sent, digest_of(*mail)};
  accept_under_key(std::move(intake), request.deadline, std::move(answer));
}

void MailSendEndpoint::accept_under_key(IntakeRequest request, MonoTime deadline, Answer answer) {
  auto visit = keys_->enter(request.key->key);
  intake_.accept(std::move(request), deadline,
                 [visit = std::move(visit), answer = std::move(answer)](const Result<AppendAnswer>& result) {
                   answer(answer_of(result, visit->repeated));
                 });
}

std::string_view MailSendEndpoint::in_doubt_advice() const { return kMaybeAcceptedAdvice; }

}  // namespace waybill::api
