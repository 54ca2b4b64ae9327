// One socket and the machine that decides what goes over it: resolves, connects, speaks TLS, reads, writes, keeps time.
// Holds no policy. Lives on the I/O thread. Every wait has a deadline.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "base/time.h"
#include "broker/rabbitmq/protocol/connection_role.h"
#include "broker/rabbitmq/protocol/rabbitmq_options.h"

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace waybill::rabbitmq {

class Connection {
 public:
  struct Hooks {
    std::function<void()> after_turn;                      ///< the role may have something to tell
    std::function<void(std::size_t bytes)> on_unsent;      ///< bytes that wait for the socket; before `after_turn`
    std::function<void(const ConnectionEnd& end)> on_end;  ///< once, and the last; the role was told before
  };
  struct Place {
    const RabbitMqOptions& options;  ///< outlives the connection
    std::shared_ptr<boost::asio::ssl::context> tls;
    RabbitMqAddress address;
  };

  /// Begins to connect. `role` and what the hooks need live until `on_end` or `drop`.
  [[nodiscard]] static std::shared_ptr<Connection> open(boost::asio::io_context& io, Place place, ConnectionRole& role,
                                                        Hooks hooks);
  virtual ~Connection() = default;

  /// A turn that somebody outside causes.
  virtual void act(const std::function<void(MonoTime now, Turn& turn)>& action) = 0;
  /// Ends in order.
  virtual void close() = 0;
  /// Ends at once; nobody is told.
  virtual void drop() = 0;
};

}  // namespace waybill::rabbitmq
