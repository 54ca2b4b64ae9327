#include "mail/mail_handler.h"

#include <utility>

#include "base/fault_point.h"
#include "mail/mail_address.h"
#include "mail/mail_body.h"
#include "mail/mail_text.h"
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

namespace {

MailEnvelope envelope_of(const Mail& mail, const std::string& from) {
  MailEnvelope envelope{wire_address(from), {}};
  for (const auto& address : recipients_of(mail)) envelope.to.push_back(wire_address(address));
  return envelope;
}

}  // namespace

MailHandler::MailHandler(MailOptions options, std::unique_ptr<MailTransport> transport, const WallClock& clock)
    : options_(std::move(options)), transport_(std::move(transport)), clock_(clock) {}

HandlerOutcome MailHandler::handle(const Attempt& attempt, EffectGate& gate) {
  const auto mail = read_any_mail_body(attempt.body.bytes(), options_.limits);
  if (!mail) return Fail{mail.error().message};
  const std::string& from = mail->from ? mail->from->address : options_.from;
  if (from != options_.from && !options_.allowed_from.allows(from)) {
    return Fail{"from: " + quoted(from) + " is not within mail.allowed_from"};
  }
  auto bytes = build_mime(*mail, {attempt.id, options_.from, clock_.now()});
  if (!bytes) return Fail{bytes.error().message};
  auto outcome =
      transport_->deliver({attempt.id, envelope_of(*mail, from), std::move(*bytes), attempt.recipients}, gate);
  if (std::holds_alternative<Done>(outcome)) crash_point("after_effect");
  return outcome;
}

}  // namespace waybill
