#include "api/types.h"

#include <boost/json.hpp>

#include "api/json_text.h"
#include "base/base64.h"
#include "core/names.h"

namespace waybill::api {
namespace {

namespace json = boost::json;

json::string text_of(std::string_view text) { return json::string(clean_utf8(text)); }

json::value text_or_null(std::string_view text) {
  if (text.empty()) return nullptr;
  return text_of(text);
}

json::value time_of(const std::optional<WallTime>& time) {
  if (!time) return nullptr;
  return json::string(to_rfc3339(*time));
}

json::object status_of(State state) {
  return json::object{{"name", json::string(to_string(state))}, {"code", static_cast<int>(state)}};
}

json::array fields_of(const std::vector<FieldError>& errors) {
  json::array array;
  for (const FieldError& error : errors) {
    array.push_back(json::object{{"field", text_of(error.field)}, {"message", text_of(error.message)}});
  }
  return array;
}

json::object event_of(const EventView& event) {
  return json::object{{"at", time_of(event.at)},
                      {"kind", text_of(event.kind)},
                      {"attempt", event.attempt},
                      {"count", event.count},
                      {"detail", text_of(event.detail)}};
}

json::object recipient_of(const RecipientView& recipient) {
  return json::object{{"address", text_of(recipient.address)},
                      {"status", text_of(recipient.status)},
                      {"code", recipient.code == 0 ? json::value(nullptr) : json::value(recipient.code)},
                      {"enhanced_code", text_or_null(recipient.enhanced_code)},
                      {"reply", text_or_null(recipient.reply)},
                      {"relay", text_or_null(recipient.relay)},
                      {"time", time_of(recipient.time)}};
}

json::object headers_of(const Headers& headers) {
  json::object object;
  for (const auto& [name, value] : headers) object[clean_utf8(name)] = text_of(value);
  return object;
}

json::object times_of(const MessageView& message) {
  return json::object{{"publish_time", time_of(message.publish_time)},
                      {"confirm_time", time_of(message.confirm_time)},
                      {"claim_time", time_of(message.claim_time)},
                      {"consume_time", time_of(message.consume_time)}};
}

void add_body(json::object& object, const std::string& body) {
  if (is_valid_utf8(body)) {
    object["body"] = body;
  } else {
    object["body_base64"] = base64_encode(body);
  }
}

// What a list shows.
json::object summary_of(const MessageView& message) {
  json::object object{
      {"id", text_of(message.id)},
      {"status", status_of(message.status)},
      {"on_hold", message.on_hold},
      {"exchange", text_of(message.exchange)},
      {"routing_key", text_of(message.routing_key)},
      {"queue", message.queue ? json::value(text_of(*message.queue)) : json::value(nullptr)},
      {"try_count", message.try_count},
      {"attempt", message.attempt},
      {"lapse_count", message.lapse_count},
      {"unknown_count", message.unknown_count},
      {"again_count", message.again_count},
      {"publish_count", message.publish_count},
      {"create_time", time_of(message.create_time)},
      {"update_time", time_of(message.update_time)},
      {"next_try_time", time_of(message.next_try_time)},
      {"not_before", time_of(message.not_before)},
      {"times", times_of(message)},
      {"result", text_or_null(message.result)},
      {"last_error", text_or_null(message.last_error)},
      {"owner", text_or_null(message.owner)},
      {"content_type", text_or_null(message.content_type)},
      {"retry_policy", text_or_null(message.retry_policy)},
      {"headers", headers_of(message.headers)},
      {"body_bytes", message.body_bytes},
  };
  return object;
}

}  // namespace

std::string to_json(const MessageView& message) {
  json::object object = summary_of(message);
  if (message.body) add_body(object, *message.body);
  json::array events;
  for (const EventView& event : message.events) events.push_back(event_of(event));
  object["events"] = std::move(events);
  json::array recipients;
  for (const RecipientView& recipient : message.recipients) recipients.push_back(recipient_of(recipient));
  object["recipients"] = std::move(recipients);
  return json::serialize(object);
}

std::string to_json(const MessageListView& list) {
  json::array messages;
  messages.reserve(list.messages.size());
  for (const MessageView& message : list.messages) messages.push_back(summary_of(message));
  return json::serialize(
      json::object{{"messages", std::move(messages)}, {"next_cursor", text_or_null(list.next_cursor)}});
}

std::string to_list_item(const MessageView& message) { return json::serialize(summary_of(message)); }

void append_json(std::string& out, const MessageAnswer& answer) {
  out += R"({"id":)";
  append_json_string(out, answer.id);
  out += R"(,"status":{"name":")";
  out += to_string(answer.status);
  out += R"(","code":)";
  out += static_cast<char>('0' + static_cast<int>(answer.status));
  out += answer.duplicate ? R"(},"duplicate":true})" : R"(},"duplicate":false})";
}

std::string to_json(const StateChange& change) {
  return json::serialize(json::object{{"id", text_of(change.id)}, {"status", status_of(change.status)}});
}

std::string to_json(const StatsView& stats) {
  json::object states;
  for (const State state : kAllStates) states[to_string(state)] = stats.states[static_cast<std::size_t>(state)];
  return json::serialize(json::object{{"states", std::move(states)},
                                      {"lapse_count", stats.lapse_count},
                                      {"unknown_count", stats.unknown_count},
                                      {"oldest_open", time_of(stats.oldest_open)},
                                      {"now", time_of(stats.now)}});
}

std::string to_json(const ReadyView& ready) {
  return json::serialize(json::object{{"ready", ready.ready}, {"reason", text_or_null(ready.reason)}});
}

std::string to_json(const ErrorView& error) {
  return json::serialize(json::object{{"error", json::object{{"code", text_of(error.code)},
                                                             {"message", text_of(error.message)},
                                                             {"fields", fields_of(error.fields)}}}});
}

std::string to_json(const ClassicView& answer) {
  json::value data = nullptr;
  if (!answer.msg_id.empty()) {
    data = json::object{{"msgId", text_of(answer.msg_id)}};
  } else if (!answer.errors.empty()) {
    data = json::object{{"errors", fields_of(answer.errors)}};
  } else if (!answer.reason.empty()) {
    data = json::object{{"reason", text_of(answer.reason)}};
  }
  return json::serialize(json::object{{"code", answer.code}, {"msg", text_of(answer.msg)}, {"data", std::move(data)}});
}

std::string to_json(const SendMail& request) {
  json::array tos;
  for (const std::string& to : request.tos) tos.push_back(text_of(to));
  return json::serialize(json::object{
      {"subject", text_of(request.subject)}, {"content", text_of(request.content)}, {"tos", std::move(tos)}});
}

std::string to_json(const RetryRequest& request) { return json::serialize(json::object{{"again", request.again}}); }

std::string to_json(const ResolveRequest& request) {
  return json::serialize(json::object{{"outcome", request.happened ? "done" : "retry"}});
}

std::string to_json(const RescheduleRequest& request) {
  return json::serialize(json::object{{"deliver_at", time_of(request.deliver_at)}});
}

}  // namespace waybill::api
