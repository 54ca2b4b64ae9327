#include "bench/plain_rabbitmq.h"

#include <amqp.h>
#include <amqp_tcp_socket.h>

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace waybill::bench {
namespace {

constexpr amqp_channel_t kChannel = 1;
constexpr int kFrameMax = 131'072;
constexpr int kHeartbeatSeconds = 60;
constexpr const char* kQueue = "waybill.bench.plain";

amqp_bytes_t bytes(const std::string& text) { return amqp_cstring_bytes(text.c_str()); }

Error failed(const std::string& what) {
  return make_error(ErrorClass::kRetry, "the plain client of the benchmark failed: " + what);
}

}  // namespace

struct PlainRabbitMq::Impl {
  ~Impl() { amqp_destroy_connection(connection); }

  [[nodiscard]] Status checked(const char* what) const {
    const auto reply = amqp_get_rpc_reply(connection);
    return reply.reply_type == AMQP_RESPONSE_NORMAL ? ok_status() : Status(failed(what));
  }

  Status declare(bool classic) const {
    amqp_table_entry_t type{};
    type.key = amqp_cstring_bytes("x-queue-type");
    type.value.kind = AMQP_FIELD_KIND_UTF8;
    type.value.value.bytes = amqp_cstring_bytes(classic ? "classic" : "quorum");
    amqp_queue_declare(connection, kChannel, amqp_cstring_bytes(kQueue), /*passive=*/0, /*durable=*/1, /*exclusive=*/0,
                       /*auto_delete=*/0, {1, &type});
    return checked("declaring a queue");
  }

  bool publish(const std::string& body, std::int64_t number) {
    const std::string id = std::to_string(number);
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG;
    properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
    properties.message_id = bytes(id);
    properties.content_type = amqp_cstring_bytes("text/plain");
    return amqp_basic_publish(connection, kChannel, amqp_empty_bytes, amqp_cstring_bytes(kQueue), /*mandatory=*/1,
                              /*immediate=*/0, &properties, bytes(body)) == AMQP_STATUS_OK;
  }

  /// Waits for one method and what belongs to it.
  Status take(const PlainLoopOptions& options) {
    amqp_frame_t frame{};
    if (amqp_simple_wait_frame(connection, &frame) != AMQP_STATUS_OK) return failed("waiting for a frame");
    if (frame.frame_type != AMQP_FRAME_METHOD) return failed("a frame out of its place");
    if (frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
      const auto* const ack = static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded);
      confirm(ack->delivery_tag, ack->multiple != 0);
      return ok_status();
    }
    if (frame.payload.method.id != AMQP_BASIC_DELIVER_METHOD) return failed("neither a confirm nor a delivery");
    const auto tag = static_cast<const amqp_basic_deliver_t*>(frame.payload.method.decoded)->delivery_tag;
    amqp_message_t message{};
    if (amqp_read_message(connection, kChannel, &message, 0).reply_type != AMQP_RESPONSE_NORMAL) {
      return failed("reading a message");
    }
    amqp_destroy_message(&message);
    delivered += 1;
    if (delivered % options.acks_together == 0 || delivered == options.messages) {
      if (amqp_basic_ack(connection, kChannel, tag, /*multiple=*/1) != AMQP_STATUS_OK) return failed("acknowledging");
    }
    return ok_status();
  }

  void confirm(std::uint64_t tag, bool multiple) {
    for (std::uint64_t i = multiple ? first_open : tag; i <= tag; ++i) {
      if (!std::exchange(answered.at(i), 1)) confirmed += 1;
    }
    while (first_open < answered.size() && answered[first_open]) ++first_open;
  }

  amqp_connection_state_t connection = amqp_new_connection();
  std::vector<char> answered{1};  // by the broker's number, which counts from 1
  std::uint64_t first_open = 1;
  std::int64_t confirmed = 0;
  std::int64_t delivered = 0;
};

PlainRabbitMq::PlainRabbitMq(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PlainRabbitMq::~PlainRabbitMq() = default;

Result<std::unique_ptr<PlainRabbitMq>> PlainRabbitMq::connect(const RabbitMqUrl& url) {
  if (url.tls) return make_error(ErrorClass::kPermanent, "benchmarks are run over amqp://, without TLS");
  auto impl = std::make_unique<Impl>();
  const RabbitMqAddress& address = url.addresses.front();
  amqp_socket_t* const socket = amqp_tcp_socket_new(impl->connection);
  if (amqp_socket_open(socket, address.host.c_str(), address.port) != AMQP_STATUS_OK) {
    return make_error(ErrorClass::kRetry, "there is no broker at " + address.text());
  }
  const auto login = amqp_login(impl->connection, url.vhost.c_str(), 0, kFrameMax, kHeartbeatSeconds,
                                AMQP_SASL_METHOD_PLAIN, url.user.c_str(), url.password.c_str());
  if (login.reply_type != AMQP_RESPONSE_NORMAL) {
    return make_error(ErrorClass::kPermanent, "the broker at " + address.text() + " refused the login");
  }
  amqp_channel_open(impl->connection, kChannel);
  if (Status opened = impl->checked("opening a channel"); !opened.ok()) return opened.error();
  return std::unique_ptr<PlainRabbitMq>(new PlainRabbitMq(std::move(impl)));
}

Status PlainRabbitMq::delete_queue(const std::string& queue) {
  amqp_queue_delete(impl_->connection, kChannel, bytes(queue), 0, 0);
  return impl_->checked("deleting a queue");
}

Result<double> PlainRabbitMq::run_loop(const PlainLoopOptions& options) {
  Impl& impl = *impl_;
  if (Status emptied = delete_queue(kQueue); !emptied.ok()) return emptied.error();  // of a run that was interrupted
  if (Status declared = impl.declare(options.classic); !declared.ok()) return declared.error();
  const std::string body(options.size, 'x');
  impl.answered.resize(static_cast<std::size_t>(options.messages) + 1);
  amqp_confirm_select(impl.connection, kChannel);
  amqp_basic_qos(impl.connection, kChannel, 0, static_cast<std::uint16_t>(2 * options.window), 0);
  amqp_basic_consume(impl.connection, kChannel, amqp_cstring_bytes(kQueue), amqp_empty_bytes, 0, 0, 0,
                     amqp_empty_table);
  if (Status consuming = impl.checked("consuming"); !consuming.ok()) return consuming.error();
  const auto begin = std::chrono::steady_clock::now();
  std::int64_t published = 0;
  while (impl.delivered < options.messages || impl.confirmed < options.messages) {
    while (published < options.messages && published - impl.confirmed < options.window) {
      if (!impl.publish(body, ++published)) return failed("publishing");
    }
    do {
      if (Status taken = impl.take(options); !taken.ok()) return taken.error();
      amqp_maybe_release_buffers(impl.connection);
    } while (amqp_frames_enqueued(impl.connection) != 0 || amqp_data_in_buffer(impl.connection) != 0);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (Status removed = delete_queue(kQueue); !removed.ok()) return removed.error();
  amqp_channel_close(impl.connection, kChannel, AMQP_REPLY_SUCCESS);
  amqp_connection_close(impl.connection, AMQP_REPLY_SUCCESS);
  return took.count();
}

RabbitMqUrl rabbitmq_url(const app::Config& config) {
  RabbitMqUrl url = *parse_rabbitmq_url(config.broker.url);
  if (!config.broker.password.empty()) url.password = config.broker.password;
  return url;
}

Result<double> run_plain_loop(const app::Config& config, PlainLoopOptions options) {
  options.classic = config.broker.classic_queues;
  auto client = PlainRabbitMq::connect(rabbitmq_url(config));
  if (!client.ok()) return client.error();
  return (*client)->run_loop(options);
}

Status clear_broker(const app::Config& config) {
  if (config.broker.in_process()) return ok_status();
  auto client = PlainRabbitMq::connect(rabbitmq_url(config));
  if (!client.ok()) return client.error();
  for (const auto& queue : {config.mail.queue.value, config.dead_letter.queue.value}) {
    if (Status deleted = (*client)->delete_queue(queue); !deleted.ok()) return deleted;
  }
  return ok_status();
}

}  // namespace waybill::bench
