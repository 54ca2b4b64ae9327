// Keeps one role connected: opens a connection, and another one whenever it ends, over all addresses, for ever. Lives
// on the I/O thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "base/time.h"
#include "broker/rabbitmq/connection.h"
#include "broker/rabbitmq/io_thread.h"
#include "broker/rabbitmq/protocol/reconnect_plan.h"

namespace waybill::rabbitmq {

/// What all connections of one broker share; outlives them.
struct LinkBase {
  IoThread& io;
  const RabbitMqOptions& options;
  std::shared_ptr<boost::asio::ssl::context> tls;
};

class Link {
 public:
  /// `purpose` is for the log. `on_unsent` and `after_turn` as Connection::Hooks.
  struct Hooks {
    std::function<void()> after_turn;
    std::function<void(std::size_t bytes)> on_unsent;
  };
  Link(const LinkBase& base, std::string purpose, ConnectionRole& role, Hooks hooks);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void start();
  /// Nothing happens while there is no connection.
  void act(const std::function<void(MonoTime now, Turn& turn)>& action);
  /// Ends in order; then, and not from inside this call if a connection was there, `done`.
  void close(std::function<void()> done);

 private:
  struct Pause;
  void connect();
  void on_end(const ConnectionEnd& end);
  void tell(const ConnectionEnd& end);

  const LinkBase& base_;
  const std::string purpose_;
  ConnectionRole& role_;
  const Hooks hooks_;
  ReconnectPlan plan_;
  std::mt19937_64 random_;
  std::shared_ptr<Connection> connection_;
  std::unique_ptr<Pause> pause_;
  MonoTime since_;                        // when the present connection was begun
  std::map<std::string, MonoTime> told_;  // by reason; since a connection lasted
  std::function<void()> on_closed_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // a pause that has ended may still be on its way
};

}  // namespace waybill::rabbitmq
