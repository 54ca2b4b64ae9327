#include "mail/smtp/smtp_transport.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "mail/smtp/mail_outcome.h"
#include "mail/smtp/wire_content.h"

namespace waybill::smtp {
namespace {

Status check_envelope(const MailEnvelope& envelope) {
  if (auto status = check_path(envelope.from); !status)
    return make_error(ErrorClass::kPermanent, "the sender: " + status.error().message);
  for (const auto& address : envelope.to) {
    if (address.empty()) return make_error(ErrorClass::kPermanent, "a recipient is empty");
    if (auto status = check_path(address); !status)
      return make_error(ErrorClass::kPermanent, "a recipient: " + status.error().message);
  }
  if (envelope.to.empty()) return make_error(ErrorClass::kPermanent, "the mail has no recipient");
  return ok_status();
}

// The relay would have answered every mail like this one.
bool is_relays_fault(const DialogueResult& result) {
  if (result.trouble == Trouble::kLogin) return true;
  return !result.heard && (result.trouble == Trouble::kLost || result.trouble == Trouble::kClosing ||
                           result.trouble == Trouble::kTimeout);
}

// One for each address, in their order; those nothing is known of are to be tried.
std::vector<RecipientRecord> known_recipients(const MailToDeliver& mail) {
  std::vector<RecipientRecord> known;
  known.reserve(mail.envelope.to.size());
  for (const auto& address : mail.envelope.to) {
    const auto found = std::ranges::find(mail.recipients, address, &RecipientRecord::address);
    known.push_back(found == mail.recipients.end() ? RecipientRecord{address, {}, ""} : *found);
  }
  return known;
}

}  // namespace

// One call of deliver.
class SmtpTransport::Attempt {
 public:
  Attempt(SmtpTransport& transport, const MailToDeliver& mail, const WireContent& content, EffectGate& gate)
      : transport_(transport), mail_(mail), content_(content), gate_(gate) {}

  [[nodiscard]] HandlerOutcome run() {
    auto known = known_recipients(mail_);
    for (const auto& recipient : known) {
      if (is_open(recipient.outcome.fate)) open_.push_back(recipient.address);
    }
    if (open_.empty()) return outcome_of(known);
    for (;;) {
      auto acquired = transport_.pool_.acquire(tried_, fresh_, cancelled_);
      if (auto* none = std::get_if<RelayPool::NoRelay>(&acquired)) {
        return Retry{none->reason, none->after, false};
      }
      auto& lease = std::get<RelayPool::Lease>(acquired);
      if (const auto result = bring_to(lease)) return conclude(std::move(known), *result, name_of(lease.options()));
      if (gate_.cancelled()) return Retry{"the attempt was cancelled", {}};
    }
  }

 private:
  // Nothing: another relay, or another connection, is to be tried.
  [[nodiscard]] std::optional<DialogueResult> bring_to(RelayPool::Lease& lease) {
    auto& pool = transport_.pool_;
    const bool reused = lease.connection() != nullptr;
    if (!reused && !open_connection(lease)) return std::nullopt;
    const Connection::Caller caller{[this] { return may_begin(); }, cancelled_};
    DialogueOptions dialogue = transport_.dialogue_;
    dialogue.envelope_id = mail_.msg_id.value;
    auto result = lease.connection()->carry(mail_.envelope.from, open_, content_, dialogue, caller);
    if (result.reusable) lease.keep();
    const bool faulty = is_relays_fault(result);
    if (!faulty && result.heard) pool.on_heard(lease.relay());
    if (!faulty) return told(lease, result);
    if (reused && result.trouble != Trouble::kLogin) {
      pool.drop_idle(lease.relay());  // the server has gone since; those of the same age are no better
      fresh_ = true;
      return std::nullopt;
    }
    fail(lease, {result.trouble == Trouble::kLogin ? RelayFailure::Kind::kLogin : RelayFailure::Kind::kUnreachable,
                 "the relay " + name_of(lease.options()) + ": " + result.reason});
    if (begun_) return told(lease, result);  // some recipients may have the mail
    return std::nullopt;
  }

  [[nodiscard]] DialogueResult told(const RelayPool::Lease& lease, const DialogueResult& result) {
    const bool by_us = result.trouble == Trouble::kNotBegun || result.trouble == Trouble::kCancelled;
    if (!by_us) transport_.pool_.on_told(lease.relay(), result.recipients);
    return result;
  }

  [[nodiscard]] bool open_connection(RelayPool::Lease& lease) {
    auto opened = Connection::open(lease.options(), cancelled_);
    if (auto* connection = std::get_if<std::unique_ptr<Connection>>(&opened)) {
      lease.adopt(std::move(*connection));
      return true;
    }
    const auto& failure = std::get<RelayFailure>(opened);
    if (failure.kind != RelayFailure::Kind::kCancelled) fail(lease, failure);
    return false;
  }

  void fail(const RelayPool::Lease& lease, const RelayFailure& failure) {
    transport_.pool_.on_failure(lease.relay(), failure);
    tried_.insert(lease.relay());
  }

  [[nodiscard]] bool may_begin() {
    begun_ = begin_mail_effect(gate_);
    return begun_;
  }

  [[nodiscard]] HandlerOutcome conclude(std::vector<RecipientRecord> known, const DialogueResult& result,
                                        const std::string& relay) {
    if (result.trouble == Trouble::kNotBegun) return not_begun();
    if (result.trouble == Trouble::kCancelled && !begun_) return Retry{result.reason, {}};
    std::vector<RecipientRecord> told;
    for (std::size_t at = 0, next = 0; at < known.size(); ++at) {
      if (!is_open(known[at].outcome.fate)) continue;
      known[at].outcome = result.recipients[next++];
      known[at].relay = relay;
      told.push_back(known[at]);
    }
    gate_.record(std::move(told));
    return outcome_of(known);
  }

  SmtpTransport& transport_;
  const MailToDeliver& mail_;
  const WireContent& content_;
  EffectGate& gate_;
  const std::function<bool()> cancelled_ = [this] { return gate_.cancelled(); };
  std::vector<std::string> open_;  // recipients, in the order of the mail
  std::set<std::size_t> tried_;    // relays that cannot be used
  bool fresh_ = false;             // an idle connection was dead: no other is trusted
  bool begun_ = false;
};

SmtpTransport::SmtpTransport(const SmtpOptions& options)
    : dialogue_{.timeouts = options.timeouts, .recipients_max = options.recipients_max, .dsn = options.dsn},
      pool_(options.relays, options.pool) {}

HandlerOutcome SmtpTransport::deliver(const MailToDeliver& mail, EffectGate& gate) {
  if (const auto status = check_envelope(mail.envelope); !status) return Fail{status.error().message};
  const auto content = make_wire_content(mail.bytes);
  if (!content) return Fail{content.error().message};
  return Attempt(*this, mail, *content, gate).run();
}

}  // namespace waybill::smtp
