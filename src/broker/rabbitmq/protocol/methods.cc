#include "broker/rabbitmq/protocol/methods.h"

#include <optional>

#include "broker/rabbitmq/protocol/codec_bytes.h"

namespace waybill::rabbitmq {
namespace {

constexpr std::size_t kMethodNumber = 4;

Error damaged() { return make_error(ErrorClass::kPermanent, "a method of the peer's is damaged"); }

const amqp_field_value_t* find(const amqp_table_t& table, std::string_view key) {
  for (int i = 0; i < table.num_entries; ++i) {
    if (view_of(table.entries[i].key) == key) return &table.entries[i].value;
  }
  return nullptr;
}

std::string text_in(const amqp_table_t& table, std::string_view key) {
  const auto* value = find(table, key);
  return value != nullptr && value->kind == AMQP_FIELD_KIND_UTF8 ? text_of(value->value.bytes) : std::string();
}

bool true_in(const amqp_table_t& table, std::string_view key) {
  const auto* value = find(table, key);
  return value != nullptr && value->kind == AMQP_FIELD_KIND_BOOLEAN && value->value.boolean != 0;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> all;
  while (!text.empty()) {
    const auto space = text.find(' ');
    if (space != 0) all.emplace_back(text.substr(0, space));
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  }
  return all;
}

Method from(const amqp_connection_start_t& start) {
  Start value{words(view_of(start.mechanisms)), text_in(start.server_properties, "product"),
              text_in(start.server_properties, "version")};
  const auto* capabilities = find(start.server_properties, "capabilities");
  if (capabilities != nullptr && capabilities->kind == AMQP_FIELD_KIND_TABLE) {
    value.confirms = true_in(capabilities->value.table, "publisher_confirms");
    value.nacks = true_in(capabilities->value.table, "basic.nack");
    value.cancel_notified = true_in(capabilities->value.table, "consumer_cancel_notify");
  }
  return value;
}

template <class AnyClose>
Method from_close(const AnyClose& close) {
  const bool by_publish =
      close.class_id == AMQP_BASIC_CLASS && close.method_id == (AMQP_BASIC_PUBLISH_METHOD & 0xFFFFU);
  return Close{close.reply_code, text_of(close.reply_text), by_publish};
}

Method from(const amqp_basic_deliver_t& deliver) {
  return Deliver{text_of(deliver.consumer_tag), deliver.delivery_tag, deliver.redelivered != 0,
                 text_of(deliver.exchange), text_of(deliver.routing_key)};
}

Method from(const amqp_basic_return_t& returned) {
  return Returned{returned.reply_code, text_of(returned.reply_text), text_of(returned.exchange),
                  text_of(returned.routing_key)};
}

template <class T>
const T& as(const void* decoded) {
  return *static_cast<const T*>(decoded);
}

Method from_connection(std::uint32_t id, const void* decoded) {
  switch (id) {
    case AMQP_CONNECTION_START_METHOD:
      return from(as<amqp_connection_start_t>(decoded));
    case AMQP_CONNECTION_TUNE_METHOD: {
      const auto& tune = as<amqp_connection_tune_t>(decoded);
      return Tune{tune.channel_max, tune.frame_max, tune.heartbeat};
    }
    case AMQP_CONNECTION_OPEN_OK_METHOD:
      return ConnectionOpened{};
    case AMQP_CONNECTION_CLOSE_METHOD:
      return from_close(as<amqp_connection_close_t>(decoded));
    case AMQP_CONNECTION_CLOSE_OK_METHOD:
    case AMQP_CHANNEL_CLOSE_OK_METHOD:
      return Closed{};
    case AMQP_CONNECTION_BLOCKED_METHOD:
      return Blocked{text_of(as<amqp_connection_blocked_t>(decoded).reason)};
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
      return Unblocked{};
    case AMQP_CHANNEL_OPEN_OK_METHOD:
      return ChannelOpened{};
    case AMQP_CHANNEL_CLOSE_METHOD:
      return from_close(as<amqp_channel_close_t>(decoded));
    default:
      return OtherMethod{id};
  }
}

Method from_any(std::uint32_t id, const void* decoded) {
  switch (id) {
    case AMQP_CONFIRM_SELECT_OK_METHOD:
      return ConfirmSelected{};
    case AMQP_EXCHANGE_DECLARE_OK_METHOD:
      return ExchangeDeclared{};
    case AMQP_QUEUE_DECLARE_OK_METHOD: {
      const auto& declared = as<amqp_queue_declare_ok_t>(decoded);
      return QueueDeclared{declared.message_count, declared.consumer_count};
    }
    case AMQP_QUEUE_BIND_OK_METHOD:
      return QueueBound{};
    case AMQP_BASIC_QOS_OK_METHOD:
      return QosSet{};
    case AMQP_BASIC_CONSUME_OK_METHOD:
      return Consuming{text_of(as<amqp_basic_consume_ok_t>(decoded).consumer_tag)};
    case AMQP_BASIC_CANCEL_OK_METHOD:
      return ConsumerCancelled{text_of(as<amqp_basic_cancel_ok_t>(decoded).consumer_tag)};
    case AMQP_BASIC_CANCEL_METHOD:
      return CancelNotice{text_of(as<amqp_basic_cancel_t>(decoded).consumer_tag)};
    case AMQP_BASIC_DELIVER_METHOD:
      return from(as<amqp_basic_deliver_t>(decoded));
    case AMQP_BASIC_RETURN_METHOD:
      return from(as<amqp_basic_return_t>(decoded));
    case AMQP_BASIC_ACK_METHOD: {
      const auto& ack = as<amqp_basic_ack_t>(decoded);
      return Ack{ack.delivery_tag, ack.multiple != 0};
    }
    case AMQP_BASIC_NACK_METHOD: {
      const auto& nack = as<amqp_basic_nack_t>(decoded);
      return Nack{nack.delivery_tag, nack.multiple != 0};
    }
    default:
      return from_connection(id, decoded);
  }
}

std::uint32_t number_of(std::string_view payload) {
  std::uint32_t id = 0;
  for (std::size_t i = 0; i < kMethodNumber; ++i) id = id << 8U | static_cast<unsigned char>(payload[i]);
  return id;
}

}  // namespace

Result<Method> decode_method(std::string_view payload) {
  if (payload.size() < kMethodNumber) return damaged();
  const std::uint32_t id = number_of(payload);
  Pool pool;
  void* decoded = nullptr;
  if (amqp_method_name(id) == nullptr) return Method(OtherMethod{id});
  if (amqp_decode_method(id, pool.get(), bytes_of(payload.substr(kMethodNumber)), &decoded) < 0) return damaged();
  return from_any(id, decoded);
}

std::string method_name(std::uint32_t id) {
  const char* const name = amqp_method_name(id);
  return name != nullptr ? name : std::to_string(id);
}

}  // namespace waybill::rabbitmq
