// The commands of a dialogue, and what their answers mean (RFC 5321, 4.2 and 4.5.3.1.10).
#include <algorithm>
#include <string>

#include "mail/smtp/dialogue.h"

namespace waybill::smtp {
namespace {

constexpr int kClosingCode = 421;
constexpr int kStartMail = 354;

// What a server says that wants TLS or another login first (RFC 4954, 6; RFC 3207, 4): a mail cannot change that.
bool wants_login(const Reply& reply) {
  return reply.code == 530 || reply.code == 534 || reply.code == 535 || reply.code == 538;
}

bool is_refusal(const Reply& reply) { return reply.severity() == 4 || reply.severity() == 5; }

RecipientFate fate_of_refusal(const Reply& reply) {
  return reply.severity() == 5 ? RecipientFate::kRefused : RecipientFate::kTryAgain;
}

// `5.3.4` and `4.5.3` alike: a subject of 3 is the server's own state, of 5 its protocol's limits.
bool tells_of_the_system(const Reply& reply) {
  return reply.enhanced.size() > 2 && reply.enhanced.substr(2, 2) == "3.";
}

}  // namespace

void Dialogue::refuse_what_cannot_be_carried() {
  const auto refuse_all = [this](const Reply& reply) {
    for (std::size_t place = 0; place < to_.size(); ++place) settle(place, RecipientFate::kRefused, reply);
  };
  if (offered_.size_max > 0 && content_.size > offered_.size_max) {
    return refuse_all({0, "5.3.4",
                       "the mail has " + std::to_string(content_.size) + " bytes and the relay takes at most " +
                           std::to_string(offered_.size_max)});
  }
  if (content_.eight_bit && !offered_.eight_bit_mime) {
    return refuse_all({0, "5.6.3", "the mail is not ASCII and the relay does not offer 8BITMIME"});
  }
  if (offered_.smtp_utf8) return;
  const std::string why = " not ASCII and the relay does not offer SMTPUTF8";
  if (content_.utf8_headers || !is_ascii(from_)) return refuse_all({0, "5.6.7", "the sender or a header is" + why});
  for (std::size_t place = 0; place < to_.size(); ++place) {
    if (!is_ascii(to_[place])) settle(place, RecipientFate::kRefused, {0, "5.6.7", "the address is" + why});
  }
}

void Dialogue::begin_transaction(MonoTime now) {
  if (open_.empty()) return finish();
  const auto count = std::min(open_.size(), std::max<std::size_t>(1, options_.recipients_max));
  transaction_.asked.assign(open_.begin(), open_.begin() + static_cast<std::ptrdiff_t>(count));
  open_.erase(open_.begin(), open_.begin() + static_cast<std::ptrdiff_t>(count));
  to_send_.clear();
  if (reset_next_) to_send_.push_back({Verb::kReset});
  to_send_.push_back({Verb::kMail});
  for (const auto recipient : transaction_.asked) to_send_.push_back({Verb::kRcpt, recipient});
  to_send_.push_back({Verb::kData});
  state_ = State::kCommands;
  write_commands(now);
}

void Dialogue::write_commands(MonoTime now) {
  out_.clear();
  written_ = 0;
  do {
    out_ += line_of(to_send_.front());
    unanswered_.push_back(to_send_.front());
    to_send_.pop_front();
  } while (offered_.pipelining && !to_send_.empty());
  deadline_ = now + options_.timeouts.block;
}

bool Dialogue::needs_utf8() const {
  return content_.utf8_headers || !is_ascii(from_) ||
         std::any_of(transaction_.asked.begin(), transaction_.asked.end(),
                     [this](std::size_t place) { return !is_ascii(to_[place]); });
}

std::string Dialogue::line_of(const Command& command) const {
  switch (command.verb) {
    case Verb::kReset:
      return "RSET\r\n";
    case Verb::kMail: {
      std::string line = "MAIL FROM:<" + from_ + ">";
      if (offered_.size) line += " SIZE=" + std::to_string(content_.size);
      if (content_.eight_bit) line += " BODY=8BITMIME";
      if (needs_utf8()) line += " SMTPUTF8";
      if (offered_.dsn) line += dsn_of_mail(options_.dsn, options_.envelope_id);
      return line + "\r\n";
    }
    case Verb::kRcpt:
      return "RCPT TO:<" + to_[command.recipient] + ">" + (offered_.dsn ? dsn_of_recipient(options_.dsn) : "") + "\r\n";
    case Verb::kData:
      return "DATA\r\n";
    case Verb::kLoneDot:
      return ".\r\n";
  }
  return {};
}

void Dialogue::on_reply(const Reply& reply, MonoTime now) {
  if (reply.code != kClosingCode) result_.heard = true;
  if (state_ == State::kContent) return on_early_reply(reply);
  if (state_ == State::kAfterDot) return on_dot_reply(reply, now);
  if (unanswered_.empty()) return confused("it said more than it was asked");
  if (reply.code == kClosingCode) return closing(reply);
  const Command command = unanswered_.front();
  unanswered_.pop_front();
  on_command_reply(command, reply);
  if (finished()) return;
  if (!unanswered_.empty()) return await_reply(now);
  after_commands(now);
}

void Dialogue::on_command_reply(const Command& command, const Reply& reply) {
  switch (command.verb) {
    case Verb::kReset:
      if (reply.severity() != 2) return confused("it refused RSET: " + to_string(reply));
      reset_next_ = false;
      return;
    case Verb::kMail:
      return on_mail_reply(reply);
    case Verb::kRcpt:
      return on_rcpt_reply(command.recipient, reply);
    case Verb::kData:
      return on_data_reply(reply);
    case Verb::kLoneDot:
      transaction_.data_open = false;  // whatever it says of a mail without recipients
      return;
  }
}

void Dialogue::on_mail_reply(const Reply& reply) {
  if (reply.severity() == 2) {
    reset_next_ = true;
    return;
  }
  if (wants_login(reply)) return stop(Trouble::kLogin, to_string(reply));
  if (!is_refusal(reply) || reply.code == 503) return confused("it answered MAIL with " + to_string(reply));
  // The same MAIL would be refused for the other recipients too.
  transaction_.mail_refused = true;
  for (const auto recipient : transaction_.asked) settle(recipient, fate_of_refusal(reply), reply);
  for (const auto recipient : open_) settle(recipient, fate_of_refusal(reply), reply);
  open_.clear();
}

void Dialogue::on_rcpt_reply(std::size_t recipient, const Reply& reply) {
  if (transaction_.mail_refused) return;  // MAIL's answer has decided
  if (reply.severity() == 2) {
    transaction_.accepted.push_back(recipient);
    return;
  }
  if (wants_login(reply)) return stop(Trouble::kLogin, to_string(reply));
  if (!is_refusal(reply)) return confused("it answered RCPT with " + to_string(reply));
  // Too many recipients: 452, and 552 of servers that stand by RFC 821 (RFC 5321, 4.5.3.1.10).
  const bool maybe_too_many =
      reply.code == 452 || (reply.code == 552 && (!transaction_.accepted.empty() || tells_of_the_system(reply)));
  settle(recipient, maybe_too_many ? RecipientFate::kTryAgain : fate_of_refusal(reply), reply);
  if (maybe_too_many) transaction_.overflown.push_back(recipient);
}

void Dialogue::on_data_reply(const Reply& reply) {
  if (reply.code == kStartMail) {
    transaction_.data_open = true;
    return;
  }
  if (!is_refusal(reply)) return confused("it answered DATA with " + to_string(reply));
  // Without recipients 503 or 554 is what DATA must get; nobody is left whom it could tell anything.
  settle_accepted(fate_of_refusal(reply), reply);
}

void Dialogue::after_commands(MonoTime now) {
  if (parser_.has_rest()) return confused("it said more than it was asked");
  const bool nobody = transaction_.accepted.empty();
  if (transaction_.data_open && nobody) {  // RFC 2920, 3.1
    to_send_.assign(1, Command{Verb::kLoneDot});
    return write_commands(now);
  }
  if (transaction_.data_open) {
    if (granted_) return send_content(now);
    state_ = State::kAskEffect;
    return;
  }
  if (to_send_.empty() || transaction_.mail_refused) return end_transaction(now);
  if (to_send_.front().verb == Verb::kData && nobody) return end_transaction(now);
  write_commands(now);
}

// Before the dot nothing is delivered: a server that speaks while the content is written gives up on it.
void Dialogue::on_early_reply(const Reply& reply) {
  if (reply.code == kClosingCode) return closing(reply);
  if (!is_refusal(reply)) return confused("it answered before the mail was complete: " + to_string(reply));
  settle_accepted(fate_of_refusal(reply), reply);
  stop(Trouble::kLost, "it refused the mail before it was complete: " + to_string(reply));
}

void Dialogue::on_dot_reply(const Reply& reply, MonoTime now) {
  if (reply.severity() != 2 && !is_refusal(reply))
    return confused("it answered the final dot with " + to_string(reply));
  const bool delivered = reply.severity() == 2;
  settle_accepted(delivered ? RecipientFate::kDelivered : fate_of_refusal(reply), reply);
  transaction_.data_open = false;
  reset_next_ = false;
  state_ = State::kCommands;
  if (reply.code == kClosingCode) return closing(reply);
  if (delivered) {
    // Each transaction that delivers makes their number smaller.
    for (const auto recipient : transaction_.overflown) settled_[recipient] = 0;
    open_.insert(open_.begin(), transaction_.overflown.begin(), transaction_.overflown.end());
  }
  end_transaction(now);
}

void Dialogue::end_transaction(MonoTime now) {
  transaction_ = {};
  if (parser_.has_rest() && !open_.empty()) return confused("it said more than it was asked");
  begin_transaction(now);
}

}  // namespace waybill::smtp
