#include "testing/rabbitmq_admin.h"

#include <amqp.h>
#include <amqp_tcp_socket.h>

#include <cstdlib>
#include <stdexcept>

namespace waybill {
namespace {

constexpr amqp_channel_t kChannel = 1;

amqp_bytes_t bytes(const std::string& text) { return amqp_cstring_bytes(text.c_str()); }

}  // namespace

RabbitMqAdmin::RabbitMqAdmin(const RabbitMqUrl& url) : connection_(amqp_new_connection()) {
  amqp_socket_t* const socket = amqp_tcp_socket_new(connection_);
  const timeval deadline{10, 0};
  amqp_set_rpc_timeout(connection_, &deadline);
  const RabbitMqAddress& address = url.addresses.front();
  if (amqp_socket_open_noblock(socket, address.host.c_str(), address.port, &deadline) != AMQP_STATUS_OK) {
    throw std::runtime_error("no RabbitMQ at " + address.text());
  }
  const auto login = amqp_login(connection_, url.vhost.c_str(), 0, 131'072, 0, AMQP_SASL_METHOD_PLAIN, url.user.c_str(),
                                url.password.c_str());
  if (login.reply_type != AMQP_RESPONSE_NORMAL) throw std::runtime_error("login refused");
  amqp_channel_open(connection_, kChannel);
  check("channel.open");
}

RabbitMqAdmin::~RabbitMqAdmin() { amqp_destroy_connection(connection_); }

void RabbitMqAdmin::check(const char* what) {
  const auto reply = amqp_get_rpc_reply(connection_);
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) throw std::runtime_error(std::string(what) + " failed");
}

void RabbitMqAdmin::delete_queue(const std::string& queue) {
  amqp_queue_delete(connection_, kChannel, bytes(queue), 0, 0);
  check("queue.delete");
}

void RabbitMqAdmin::delete_exchange(const std::string& exchange) {
  amqp_exchange_delete(connection_, kChannel, bytes(exchange), 0);
  check("exchange.delete");
}

void RabbitMqAdmin::purge(const std::string& queue) {
  amqp_queue_purge(connection_, kChannel, bytes(queue));
  check("queue.purge");
}

void RabbitMqAdmin::unbind(const std::string& queue, const std::string& exchange, const std::string& key) {
  amqp_queue_unbind(connection_, kChannel, bytes(queue), bytes(exchange), bytes(key), amqp_empty_table);
  check("queue.unbind");
}

void RabbitMqAdmin::declare_exchange(const std::string& exchange, const std::string& type) {
  amqp_exchange_declare(connection_, kChannel, bytes(exchange), bytes(type), 0, 1, 0, 0, amqp_empty_table);
  check("exchange.declare");
}

void RabbitMqAdmin::declare_classic(const std::string& queue) {
  amqp_queue_declare(connection_, kChannel, bytes(queue), 0, 1, 0, 0, amqp_empty_table);
  check("queue.declare");
}

std::uint32_t RabbitMqAdmin::count(const std::string& queue) {
  const auto* const found = amqp_queue_declare(connection_, kChannel, bytes(queue), 1, 0, 0, 0, amqp_empty_table);
  check("queue.declare");
  return found->message_count;
}

void RabbitMqAdmin::publish(const std::string& queue, std::size_t size) {
  const std::string body(size, 'x');
  const amqp_bytes_t content{body.size(), const_cast<char*>(body.data())};  // NOLINT: it is only read
  const int sent = amqp_basic_publish(connection_, kChannel, amqp_empty_bytes, bytes(queue), 0, 0, nullptr, content);
  if (sent != AMQP_STATUS_OK) throw std::runtime_error("basic.publish failed");
}

RabbitMqUrl rabbitmq_under_test() {
  const char* const text = std::getenv("WAYBILL_RABBITMQ");
  if (text == nullptr) throw std::runtime_error("WAYBILL_RABBITMQ names no RabbitMQ to test with");
  const auto url = parse_rabbitmq_url(text);
  if (!url.ok()) throw std::runtime_error(url.error().message);
  return *url;
}

}  // namespace waybill
