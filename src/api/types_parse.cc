// Reads the answers of types.h and types_bulk.h.
#include <boost/json.hpp>

#include "api/types.h"
#include "api/types_bulk.h"
#include "base/base64.h"

namespace waybill::api {
namespace {

namespace json = boost::json;

constexpr std::size_t kDepthMax = 16;

std::optional<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = kDepthMax;
  json::error_code error;
  json::value value = json::parse(text, error, {}, options);
  if (error) return std::nullopt;
  return value;
}

// Reads one object of an answer. The first thing that is missing or of another type is kept as the problem, and reading
// goes on with defaults: the caller looks once, at the end.
class Reader {
 public:
  Reader(const json::object& object, std::string& problem) : object_(object), problem_(problem) {}

  [[nodiscard]] bool has(std::string_view name) const { return object_.contains(name); }

  std::optional<std::string> text_or_none(std::string_view name) const {
    const json::value& value = field(name);
    if (value.is_null()) return std::nullopt;
    if (const json::string* text = value.if_string()) return std::string(text->data(), text->size());
    return wrong(name, "a string"), std::nullopt;
  }
  std::string text(std::string_view name) const { return text_or_none(name).value_or(std::string()); }

  template <class Int>
  Int number(std::string_view name) const {
    json::error_code error;
    const Int number = field(name).to_number<Int>(error);
    if (error) wrong(name, "a whole number");
    return error ? Int{} : number;
  }

  bool is_null(std::string_view name) const { return field(name).is_null(); }

  bool flag(std::string_view name) const {
    const bool* found = field(name).if_bool();
    if (found == nullptr) wrong(name, "true or false");
    return found != nullptr && *found;
  }

  std::optional<WallTime> time_or_none(std::string_view name) const {
    const auto written = text_or_none(name);
    if (!written) return std::nullopt;
    const auto time = parse_rfc3339(*written);
    if (!time) wrong(name, "a time");
    return time;
  }
  WallTime time(std::string_view name) const {
    const auto time = time_or_none(name);
    if (!time) wrong(name, "a time");
    return time.value_or(WallTime{});
  }

  Reader object(std::string_view name) const {
    static const json::object kNone;
    const json::object* found = field(name).if_object();
    if (found == nullptr) wrong(name, "an object");
    return Reader(found != nullptr ? *found : kNone, problem_);
  }

  // `read` takes a Reader of each object in the array.
  template <class Read>
  auto list(std::string_view name, Read read) const {
    std::vector<decltype(read(*this))> items;
    const json::array* found = field(name).if_array();
    if (found == nullptr) return wrong(name, "an array"), items;
    for (const json::value& item : *found) {
      if (!item.is_object()) return wrong(name, "an array of objects"), items;
      items.push_back(read(Reader(item.get_object(), problem_)));
    }
    return items;
  }

  [[nodiscard]] const json::object& raw() const { return object_; }

  void wrong(std::string_view name, std::string_view wanted) const {
    note("has a '" + std::string(name) + "' that is not " + std::string(wanted));
  }

 private:
  const json::value& field(std::string_view name) const {
    static const json::value kNull;
    const json::value* found = object_.if_contains(name);
    if (found == nullptr) note("has no '" + std::string(name) + "'");
    return found != nullptr ? *found : kNull;
  }
  void note(std::string problem) const {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  const json::object& object_;
  std::string& problem_;
};

State status_in(const Reader& from) {
  const auto state = parse_state(from.object("status").text("name"));
  if (!state) from.wrong("status", "a known state");
  return state.value_or(State::kSending);
}

FieldError field_error_from(const Reader& from) { return FieldError{from.text("field"), from.text("message")}; }

EventView event_from(const Reader& from) {
  return EventView{from.time("at"), from.text("kind"), from.number<std::int32_t>("attempt"), from.number<int>("count"),
                   from.text("detail")};
}

RecipientView recipient_from(const Reader& from) {
  const int code = from.is_null("code") ? 0 : from.number<int>("code");
  return RecipientView{from.text("address"), from.text("status"), code, from.text("enhanced_code"), from.text("reply"),
                       from.text("relay"),   from.time("time")};
}

Headers headers_from(const Reader& from) {
  Headers headers;
  for (const auto& [name, _] : from.raw()) headers.emplace_back(std::string(name), from.text(name));
  return headers;
}

void read_body(const Reader& from, MessageView& message) {
  if (from.has("body")) message.body = from.text("body");
  if (!from.has("body_base64")) return;
  message.body = base64_decode(from.text("body_base64"));
  if (!message.body) from.wrong("body_base64", "base64");
}

void read_times(const Reader& from, MessageView& message) {
  message.create_time = from.time("create_time");
  message.update_time = from.time("update_time");
  message.next_try_time = from.time_or_none("next_try_time");
  message.not_before = from.time_or_none("not_before");
  const Reader times = from.object("times");
  message.publish_time = times.time_or_none("publish_time");
  message.confirm_time = times.time_or_none("confirm_time");
  message.claim_time = times.time_or_none("claim_time");
  message.consume_time = times.time_or_none("consume_time");
}

MessageView message_from(const Reader& from) {
  MessageView message;
  message.id = from.text("id");
  message.status = status_in(from);
  message.on_hold = from.flag("on_hold");
  message.exchange = from.text("exchange");
  message.routing_key = from.text("routing_key");
  message.queue = from.text_or_none("queue");
  message.try_count = from.number<int>("try_count");
  message.attempt = from.number<std::int32_t>("attempt");
  message.lapse_count = from.number<int>("lapse_count");
  message.unknown_count = from.number<int>("unknown_count");
  message.again_count = from.number<int>("again_count");
  message.publish_count = from.number<std::int64_t>("publish_count");
  read_times(from, message);
  message.result = from.text("result");
  message.last_error = from.text("last_error");
  message.owner = from.text("owner");
  message.content_type = from.text("content_type");
  message.retry_policy = from.text("retry_policy");
  message.headers = headers_from(from.object("headers"));
  message.body_bytes = from.number<std::int64_t>("body_bytes");
  read_body(from, message);
  if (from.has("events")) message.events = from.list("events", event_from);
  if (from.has("recipients")) message.recipients = from.list("recipients", recipient_from);
  return message;
}

StatsView stats_from(const Reader& from) {
  StatsView stats;
  const Reader states = from.object("states");
  for (const State state : kAllStates) {
    stats.states[static_cast<std::size_t>(state)] = states.number<std::int64_t>(to_string(state));
  }
  stats.lapse_count = from.number<std::int64_t>("lapse_count");
  stats.unknown_count = from.number<std::int64_t>("unknown_count");
  stats.oldest_open = from.time_or_none("oldest_open");
  stats.now = from.time("now");
  return stats;
}

ErrorView error_from(const Reader& from) {
  const Reader error = from.object("error");
  return ErrorView{error.text("code"), error.text("message"), error.list("fields", field_error_from)};
}

ClassicView classic_from(const Reader& from) {
  ClassicView answer;
  answer.code = from.number<int>("code");
  answer.msg = from.text("msg");
  const json::value* data = from.raw().if_contains("data");
  if (data == nullptr || data->is_null()) return answer;
  const Reader inside = from.object("data");
  if (inside.has("msgId")) answer.msg_id = inside.text("msgId");
  if (inside.has("errors")) answer.errors = inside.list("errors", field_error_from);
  if (inside.has("reason")) answer.reason = inside.text("reason");
  return answer;
}

template <class T>
Result<T> read_answer(std::string_view text, T (*read)(const Reader&)) {
  const auto value = parse_json(text);
  if (!value || !value->is_object()) {
    return make_error(ErrorClass::kPermanent, "the server's answer is not a JSON object");
  }
  std::string problem;
  T answer = read(Reader(value->get_object(), problem));
  if (!problem.empty()) return make_error(ErrorClass::kPermanent, "the server's answer " + problem);
  return answer;
}

}  // namespace

Result<MessageView> parse_message(std::string_view json) { return read_answer(json, message_from); }

Result<MessageListView> parse_message_list(std::string_view json) {
  return read_answer<MessageListView>(json, [](const Reader& from) {
    return MessageListView{from.list("messages", message_from), from.text("next_cursor")};
  });
}

Result<StateChange> parse_state_change(std::string_view json) {
  return read_answer<StateChange>(json, [](const Reader& from) {
    return StateChange{from.text("id"), status_in(from)};
  });
}

Result<StatsView> parse_stats(std::string_view json) { return read_answer(json, stats_from); }

Result<ReadyView> parse_ready(std::string_view json) {
  return read_answer<ReadyView>(json, [](const Reader& from) {
    return ReadyView{from.flag("ready"), from.text("reason")};
  });
}

Result<ErrorView> parse_error(std::string_view json) { return read_answer(json, error_from); }

Result<ClassicView> parse_classic(std::string_view json) { return read_answer(json, classic_from); }

Result<std::variant<MessageAnswer, ErrorView>> parse_message_answer(std::string_view json) {
  using Either = std::variant<MessageAnswer, ErrorView>;
  return read_answer<Either>(json, [](const Reader& from) -> Either {
    if (from.has("error")) return error_from(from);
    return MessageAnswer{from.text("id"), status_in(from), from.flag("duplicate")};
  });
}

Result<BulkView> parse_bulk(std::string_view json) {
  return read_answer<BulkView>(json, [](const Reader& from) {
    return BulkView{from.number<int>("changed"), from.number<int>("refused"), from.text("next_cursor")};
  });
}

Result<MatchView> parse_match(std::string_view json) {
  return read_answer<MatchView>(json, [](const Reader& from) {
    return MatchView{from.number<std::int64_t>("matched"), from.flag("exact")};
  });
}

Result<PruneView> parse_prune(std::string_view json) {
  return read_answer<PruneView>(json, [](const Reader& from) {
    return PruneView{from.number<int>("pruned"), from.flag("more")};
  });
}

}  // namespace waybill::api
