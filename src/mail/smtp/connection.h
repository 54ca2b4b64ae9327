// A connection to a relay: libcurl finds, greets, encrypts and logs in; the mails are our own dialogue
// (docs/adr/0018-smtp.md). One thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "mail/smtp/dialogue.h"
#include "mail/smtp/extensions.h"
#include "mail/smtp/relay_options.h"
#include "mail/smtp/wire_content.h"

namespace waybill::smtp {

/// Why no mail can be brought to a relay.
struct RelayFailure {
  enum class Kind {
    kUnreachable,  ///< no name, no connection, no greeting, or one that refuses
    kTls,          ///< no TLS, or not with whom it should be
    kLogin,        ///< the login was refused, or none is offered
    kCancelled,    ///< nobody waits any more: says nothing of the relay
  };
  Kind kind = Kind::kUnreachable;
  std::string reason;  ///< one sentence that names the relay
};

class Connection {
 public:
  /// What the caller decides while it waits; called on its own thread.
  struct Caller {
    std::function<bool()> may_begin;  ///< the point of no return, asked once a mail at most
    std::function<bool()> cancelled;
  };
  using Opened = std::variant<std::unique_ptr<Connection>, RelayFailure>;

  /// Blocks for `connect_timeout` at most.
  [[nodiscard]] static Opened open(const RelayOptions& relay, const std::function<bool()>& cancelled);
  /// Says QUIT if all is well, and waits for nothing.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// `from` and `to` pass check_path. Once the result is not `reusable`, the connection must not be used again.
  [[nodiscard]] DialogueResult carry(const std::string& from, const std::vector<std::string>& to,
                                     const WireContent& content, const DialogueOptions& options, const Caller& caller);

  /// Asks it for nothing (NOOP). What is wrong with its answer; nothing if it is as it should be.
  [[nodiscard]] std::optional<std::string> probe(Duration patience);

  /// False if the server has ended an idle connection, or said something.
  [[nodiscard]] bool alive();
  [[nodiscard]] int mails() const { return mails_; }

 private:
  class Handle;
  Connection(std::unique_ptr<Handle> handle, Extensions offered);
  void talk(Dialogue& dialogue, const Caller& caller);
  [[nodiscard]] bool write_some(Dialogue& dialogue);
  [[nodiscard]] bool read_some(Dialogue& dialogue);
  void wait(const Dialogue& dialogue);

  const std::unique_ptr<Handle> handle_;
  const Extensions offered_;
  int mails_ = 0;
  bool usable_ = true;
  bool reset_needed_ = false;
};

}  // namespace waybill::smtp
