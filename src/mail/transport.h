// The port of this room: how a finished mail leaves it. Maildir now; SMTP stands on the same interface.
#pragma once

#include <string>
#include <vector>

#include "core/names.h"
#include "core/outcomes.h"
#include "core/recipients.h"
#include "ports/handler.h"

namespace waybill {

struct MailEnvelope {
  std::string from;
  std::vector<std::string> to;
};

struct MailToDeliver {
  MessageId msg_id;
  MailEnvelope envelope;
  std::string bytes;                             ///< as build_mime makes them
  std::vector<RecipientRecord> recipients = {};  ///< what earlier attempts recorded
};

/// Called from several threads at once, also with the same mail.
class MailTransport {
 public:
  virtual ~MailTransport() = default;
  /// Prepares all it can, calls begin_mail_effect once, and only after its *true* lets the mail leave. `Retry` and
  /// `Fail`: the mail did not leave. `Unknown`: it may have. `Done`: it has, durably; the result says where to.
  [[nodiscard]] virtual HandlerOutcome deliver(const MailToDeliver& mail, EffectGate& gate) = 0;
};

/// The gate's begin_effect with its fault points round it. False: the mail must not leave; answer not_begun().
[[nodiscard]] bool begin_mail_effect(EffectGate& gate);
[[nodiscard]] Retry not_begun();

}  // namespace waybill
