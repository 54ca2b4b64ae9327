// What tests do to a RabbitMQ from outside, by a plain blocking client: not the one under test.
#pragma once

#include <cstdint>
#include <string>

#include "broker/rabbitmq/protocol/rabbitmq_url.h"

struct amqp_connection_state_t_;

namespace waybill {

/// One thread. What goes wrong throws std::runtime_error.
class RabbitMqAdmin {
 public:
  explicit RabbitMqAdmin(const RabbitMqUrl& url);
  ~RabbitMqAdmin();
  RabbitMqAdmin(const RabbitMqAdmin&) = delete;
  RabbitMqAdmin& operator=(const RabbitMqAdmin&) = delete;

  /// Nothing happens if it is not there.
  void delete_queue(const std::string& queue);
  void delete_exchange(const std::string& exchange);
  void purge(const std::string& queue);
  void unbind(const std::string& queue, const std::string& exchange, const std::string& key);
  /// A durable exchange of another type.
  void declare_exchange(const std::string& exchange, const std::string& type);
  /// A durable classic queue without arguments.
  void declare_classic(const std::string& queue);
  [[nodiscard]] std::uint32_t count(const std::string& queue);
  /// To the default exchange, with `size` bytes.
  void publish(const std::string& queue, std::size_t size);

 private:
  void check(const char* what);
  amqp_connection_state_t_* connection_;
};

/// WAYBILL_RABBITMQ. Throws std::runtime_error if it is not set or cannot be read.
[[nodiscard]] RabbitMqUrl rabbitmq_under_test();

}  // namespace waybill
