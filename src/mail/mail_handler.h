// The handler that ships with Waybill: its effect is that the mail of a message leaves through a transport.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "mail/allowed_senders.h"
#include "mail/mail_limits.h"
#include "mail/transport.h"
#include "ports/handler.h"

namespace waybill {

struct MailOptions {
  std::string from = "waybill@localhost";  ///< sender of mails that name none, in header and envelope; an address
  AllowedSenders allowed_from;             ///< whom else a mail may name
  MailLimits limits;                       ///< of what is accepted and of what is sent
};
/// Says which option is wrong and what would be right.
[[nodiscard]] Status validate(const MailOptions& options);

/// Any thread.
class MailHandler final : public Handler {
 public:
  /// The options are valid ones. `clock` gives the mail its date and outlives the handler.
  MailHandler(MailOptions options, std::unique_ptr<MailTransport> transport, const WallClock& clock);

  [[nodiscard]] bool marks_effect() const override { return true; }
  /// `Fail`: the body is not a mail, by the rules of mail_body.h, or its sender is not allowed, for other programs
  /// write bodies too. Otherwise what the transport answers.
  [[nodiscard]] HandlerOutcome handle(const Attempt& attempt, EffectGate& gate) override;

 private:
  const MailOptions options_;
  const std::unique_ptr<MailTransport> transport_;
  const WallClock& clock_;
};

}  // namespace waybill
