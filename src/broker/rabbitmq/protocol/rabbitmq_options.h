// How a RabbitMQ is reached and used. Values.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "broker/rabbitmq/protocol/encoder.h"
#include "broker/rabbitmq/protocol/rabbitmq_url.h"

namespace waybill {

struct RabbitMqTls {
  std::string ca_file;    ///< PEM; empty: the system's own certificates
  std::string cert_file;  ///< PEM; of this client; empty: none
  std::string key_file;   ///< PEM; empty: the key is in cert_file
};

struct RabbitMqOptions {
  RabbitMqUrl url;
  RabbitMqTls tls;
  bool external = false;  ///< SASL EXTERNAL: the certificate says who we are
  rabbitmq::QueueType queue_type = rabbitmq::QueueType::kQuorum;
  std::string client_name = "waybill";  ///< shown to the broker's operators
  std::size_t body_max = 1U << 20U;     ///< larger deliveries without a log's mark are rejected unread
  std::size_t unsent_max = 8U << 20U;   ///< bytes waiting for the socket; with more the session is blocked
  std::size_t unanswered_max = 65'536;  ///< publishes without an answer; likewise
  Duration heartbeat{10'000};           ///< whole seconds; silence of twice as long ends a connection
  Duration connect_deadline{5'000};     ///< of one address: TCP and TLS
  Duration handshake_deadline{10'000};  ///< from then until the connection is open
  Duration answer_deadline{10'000};     ///< for whatever is asked on an open connection; a frame to arrive whole
  Duration stall_deadline{60'000};      ///< for the peer to take a byte while it has not said that it is blocked
  Duration close_deadline{2'000};       ///< for an orderly end
  Duration declare_deadline{5'000};     ///< how long `declare` waits for a broker at first
  Duration backoff_first{100};          ///< between rounds over the addresses; doubles, jittered
  Duration backoff_longest{5'000};
};

}  // namespace waybill
