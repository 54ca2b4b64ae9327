// Writes what a client sends, as whole frames appended to a buffer, so that many go out by one write. Pure.
//
// Names and texts must fit AMQP's short strings (255 bytes); what comes from outside is checked before it comes here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/wire_limits.h"
#include "ports/broker.h"

namespace waybill::rabbitmq {

enum class QueueType {
  kQuorum,
  kClassic,  ///< version 1, durable
};

// ---- connection ---------------------------------------------------------------------------------------------------

void encode_protocol_header(std::string& out);
struct Login {
  std::string mechanism;  ///< PLAIN or EXTERNAL
  std::string response;
  std::string client_name;  ///< told to the broker, for its operators
};
void encode_start_ok(std::string& out, const Login& login);
void encode_tune_ok(std::string& out, std::uint16_t channel_max, std::uint32_t frame_max, std::uint16_t heartbeat_s);
void encode_connection_open(std::string& out, std::string_view vhost);
void encode_connection_close(std::string& out, int code, std::string_view text);
void encode_connection_close_ok(std::string& out);
void encode_heartbeat(std::string& out);

// ---- channels -----------------------------------------------------------------------------------------------------

void encode_channel_open(std::string& out, std::uint16_t channel);
/// In order, by our own wish.
void encode_channel_close(std::string& out, std::uint16_t channel);
void encode_channel_close_ok(std::string& out, std::uint16_t channel);
void encode_confirm_select(std::string& out, std::uint16_t channel);

// ---- topology -----------------------------------------------------------------------------------------------------

/// Durable and direct; `passive`: only asks whether there is one.
void encode_exchange_declare(std::string& out, std::uint16_t channel, std::string_view exchange, bool passive);
/// Durable, of this type, with its dead-letter route.
void encode_queue_declare(std::string& out, std::uint16_t channel, const QueueDeclaration& queue, QueueType type);
void encode_queue_declare_passive(std::string& out, std::uint16_t channel, std::string_view queue);
void encode_queue_bind(std::string& out, std::uint16_t channel, const Binding& binding);

// ---- messages -----------------------------------------------------------------------------------------------------

/// Why a message cannot be carried by any broker; empty: it can. Its properties must fit one frame of `frame_max`.
[[nodiscard]] std::string why_not_carried(const Outgoing& message, std::size_t frame_max);
/// Mandatory and persistent; the body in as many frames as it takes. False, and nothing is written, if the codec
/// refuses.
[[nodiscard]] bool encode_publish(std::string& out, std::uint16_t channel, const Outgoing& message,
                                  std::size_t frame_max);

void encode_qos(std::string& out, std::uint16_t channel, std::uint16_t prefetch);
void encode_consume(std::string& out, std::uint16_t channel, std::string_view queue, std::string_view consumer);
void encode_cancel(std::string& out, std::uint16_t channel, std::string_view consumer);
void encode_ack(std::string& out, std::uint16_t channel, std::uint64_t number, bool multiple);
void encode_requeue(std::string& out, std::uint16_t channel, std::uint64_t number);
void encode_reject(std::string& out, std::uint16_t channel, std::uint64_t number);

}  // namespace waybill::rabbitmq
