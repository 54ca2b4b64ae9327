// Brings mails to relays by SMTP (docs/adr/0018-smtp.md).
//
// One attempt goes to one relay after the other until one listens; from the moment its effect begins it stays with that
// one. A recipient that was delivered or refused is never tried again: earlier attempts have recorded it, and this one
// records what it is told.
#pragma once

#include <vector>

#include "mail/smtp/dialogue.h"
#include "mail/smtp/relay_options.h"
#include "mail/smtp/relay_pool.h"
#include "mail/transport.h"

namespace waybill::smtp {

struct SmtpOptions {
  std::vector<RelayOptions> relays;  ///< one or more, valid ones
  PoolOptions pool;
  DialogueTimeouts timeouts;
  std::size_t recipients_max = 100;  ///< of one transaction
  DsnWish dsn;                       ///< of every mail
};

/// Any thread.
class SmtpTransport final : public MailTransport {
 public:
  explicit SmtpTransport(const SmtpOptions& options);

  /// By the rules of mail_outcome.h. `Fail` also: the mail is not fit for SMTP. `Retry` with a time: no relay can be
  /// used until then.
  [[nodiscard]] HandlerOutcome deliver(const MailToDeliver& mail, EffectGate& gate) override;

  [[nodiscard]] std::vector<RelayFigures> figures() const { return pool_.figures(); }

 private:
  class Attempt;

  const DialogueOptions dialogue_;
  RelayPool pool_;
};

}  // namespace waybill::smtp
