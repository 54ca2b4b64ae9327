// One mail on a connection that is ready for MAIL: what to write, what the answers mean, how long to wait. Pure: bytes
// and times come from its caller. One thread.
//
// A transaction is MAIL, RCPT… and DATA: written at once if the server offers PIPELINING (RFC 2920), else one by one.
// The replies are matched strictly in order. The content leaves only after DATA's 354 and only if the caller then
// grants the effect: until its final dot is out, the server must not deliver (RFC 5321, 4.1.1.4). Recipients beyond
// `recipients_max`, and those the server had no room for, get further transactions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "mail/smtp/dialogue_result.h"
#include "mail/smtp/dsn.h"
#include "mail/smtp/extensions.h"
#include "mail/smtp/reply_parser.h"
#include "mail/smtp/wire_content.h"

namespace waybill::smtp {

/// RFC 5321, 4.5.3.2.
struct DialogueTimeouts {
  Duration command = std::chrono::seconds(300);  ///< for the answer to RSET, MAIL and each RCPT
  Duration data = std::chrono::seconds(120);     ///< for the answer to DATA
  Duration block = std::chrono::seconds(180);    ///< for room to write more
  Duration content = std::chrono::minutes(15);   ///< for all of the content to be written
  Duration dot = std::chrono::seconds(600);      ///< for the answer to the final dot
  /// For that answer once nobody waits for the mail.
  Duration cancelled_dot = std::chrono::seconds(5);
};

struct DialogueOptions {
  DialogueTimeouts timeouts;
  std::size_t recipients_max = 100;  ///< of one transaction (RFC 5321, 4.5.3.1.8)
  bool reset_first = false;          ///< the connection's last mail left its transaction open
  DsnWish dsn;                       ///< asked for where it is offered
  std::string envelope_id;           ///< of the mail, for its notifications
};

class Dialogue {
 public:
  /// `from` (may be empty) and `to` pass check_path; `content` outlives the dialogue.
  Dialogue(Extensions offered, std::string from, std::vector<std::string> to, const WireContent& content,
           const DialogueOptions& options, MonoTime now);

  [[nodiscard]] bool finished() const { return state_ == State::kFinished; }
  /// Once finished.
  [[nodiscard]] const DialogueResult& result() const { return result_; }

  /// What is to be written next; may be empty. Valid until anything is told.
  [[nodiscard]] std::string_view to_write() const;
  void on_written(std::size_t count, MonoTime now);
  /// Bytes from the server, whenever they come.
  void on_received(std::string_view bytes, MonoTime now);

  /// True when the content is about to leave for the first time: on_effect must be called.
  [[nodiscard]] bool wants_effect() const { return state_ == State::kAskEffect; }
  void on_effect(bool granted, MonoTime now);
  /// The content has left as a whole and was not answered.
  [[nodiscard]] bool dot_out() const { return state_ == State::kAfterDot; }

  /// on_deadline must be called when this time has come.
  [[nodiscard]] MonoTime deadline() const { return deadline_; }
  void on_deadline();
  /// The connection ended. What it still held must have been told to on_received.
  void on_lost(const std::string& why);
  /// Nobody waits any more. Ends the dialogue, but for an answer to the dot, which is awaited a little longer.
  void on_cancelled(MonoTime now);

 private:
  enum class State { kCommands, kAskEffect, kContent, kAfterDot, kFinished };
  enum class Verb { kReset, kMail, kRcpt, kData, kLoneDot };
  struct Command {
    Verb verb;
    std::size_t recipient = 0;  // kRcpt: place in to_
  };
  // What RCPT's answers have made of the recipients of this transaction.
  struct Transaction {
    std::vector<std::size_t> asked;
    std::vector<std::size_t> accepted;
    std::vector<std::size_t> overflown;  // no room in this transaction
    bool mail_refused = false;
    bool data_open = false;  // 354 came and no dot was answered
  };

  void refuse_what_cannot_be_carried();
  void begin_transaction(MonoTime now);
  void write_commands(MonoTime now);
  [[nodiscard]] std::string line_of(const Command& command) const;
  [[nodiscard]] bool needs_utf8() const;

  void on_reply(const Reply& reply, MonoTime now);
  void on_command_reply(const Command& command, const Reply& reply);
  void on_mail_reply(const Reply& reply);
  void on_rcpt_reply(std::size_t recipient, const Reply& reply);
  void on_data_reply(const Reply& reply);
  void on_early_reply(const Reply& reply);
  void on_dot_reply(const Reply& reply, MonoTime now);
  void after_commands(MonoTime now);
  void end_transaction(MonoTime now);

  void send_content(MonoTime now);
  void settle(std::size_t recipient, RecipientFate fate, const Reply& reply);
  void settle_accepted(RecipientFate fate, const Reply& reply);
  void closing(const Reply& reply);
  void confused(const std::string& why);
  void stop(Trouble trouble, const std::string& why);
  void finish();
  [[nodiscard]] Duration patience() const;
  void await_reply(MonoTime now) { deadline_ = now + patience(); }

  const Extensions offered_;
  const std::string from_;
  const std::vector<std::string> to_;
  const WireContent& content_;
  const DialogueOptions options_;

  State state_ = State::kCommands;
  ReplyParser parser_;
  std::deque<std::size_t> open_;  // places in to_ that no transaction has asked yet
  std::vector<char> settled_;     // by place in to_
  Transaction transaction_;
  std::deque<Command> to_send_;     // commands of this transaction that are not in out_ yet
  std::deque<Command> unanswered_;  // in out_, answers awaited in this order
  std::string out_;
  std::size_t written_ = 0;  // of out_, or of the content
  bool granted_ = false;     // the effect
  bool reset_next_ = false;
  MonoTime deadline_{};
  MonoTime content_until_{};
  DialogueResult result_;
};

}  // namespace waybill::smtp
