#include "mail/mail_handler.h"

#include <utility>

#include "base/fault_point.h"
#include "mail/mail_address.h"
#include "mail/mail_body.h"
#include "mail/mime.h"

namespace waybill {

Status validate(const MailOptions& options) {
  const auto refuse = [](const std::string& why) { return make_error(ErrorClass::kPermanent, why); };
  if (const auto status = check_mail_address(options.from); !status) {
    return refuse("mail.from '" + options.from + "': " + status.error().message + "; an address like " +
                  MailOptions{}.from + " is right");
  }
  if (options.limits.subject_bytes_max == 0 || options.limits.content_bytes_max == 0 ||
      options.limits.recipients_max == 0) {
    return refuse("mail: a limit of 0 would refuse every mail; 1 or more is right");
  }
  return ok_status();
}

MailHandler::MailHandler(MailOptions options, std::unique_ptr<MailTransport> transport, const WallClock& clock)
    : options_(std::move(options)), transport_(std::move(transport)), clock_(clock) {}

HandlerOutcome MailHandler::handle(const Attempt& attempt, EffectGate& gate) {
  auto body = read_mail_body(attempt.body.bytes(), options_.limits);
  if (!body) return Fail{body.error().message};
  auto bytes = build_mime(body->request, {attempt.id, options_.from, clock_.now()});
  if (!bytes) return Fail{bytes.error().message};
  const MailToDeliver mail{attempt.id, {options_.from, std::move(body->request.tos)}, std::move(*bytes)};
  auto outcome = transport_->deliver(mail, gate);
  if (std::holds_alternative<Done>(outcome)) crash_point("after_effect");
  return outcome;
}

}  // namespace waybill
