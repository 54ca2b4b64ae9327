#include "testing/recording/write_json.h"

#include <array>
#include <boost/json.hpp>
#include <concepts>
#include <utility>

#include "base/base64.h"
#include "core/headers.h"
#include "testing/recording/write_fields.h"

namespace waybill::recording {
namespace {

namespace json = boost::json;

// In the order of Write's alternatives. A verb that is added there does not compile before it has a name here, and its
// fields in write_fields.h.
constexpr std::array<std::string_view, std::variant_size_v<Write>> kVerbNames = {
    "append",       "take",    "refuse", "mark_sent", "mark_failed", "lost",         "claim",  "renew",
    "begin_effect", "release", "finish", "adopt",     "park",        "lapse_owner",  "cancel", "reschedule",
    "hold",         "resolve", "replay", "prune",     "lease_node",  "report_queues"};
static_assert(!kVerbNames.back().empty());

constexpr std::array<std::string_view, std::variant_size_v<HandlerOutcome>> kOutcomeNames = {"done", "retry", "fail",
                                                                                             "unknown"};

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

// Structs of one value, which JSON carries as that value.
template <class T>
concept Name = std::same_as<T, MessageId> || std::same_as<T, QueueName>;
template <class T>
concept Nonce = std::same_as<T, BootNonce> || std::same_as<T, Token>;

// ---- writing --------------------------------------------------------------------------------------------------------

class Writer;
template <class T>
concept Listed = requires(const T& value, Writer& writer) {
  fields(value, writer);
};

// Plain numbers, truth values and text.
template <class T>
requires std::integral<T> || std::same_as<T, std::string> json::value encode(const T& value) {
  return json::value(value);
}
template <Name T>
json::value encode(const T& name) {
  return json::value(name.value);
}
template <Nonce T>
json::value encode(const T& nonce) {
  return json::value(nonce.value);
}
json::value encode(Duration time) { return json::value(time.count()); }
json::value encode(WallTime time) { return json::value(to_millis(time)); }
json::value encode(State state) { return json::string(to_string(state)); }
json::value encode(UnknownPolicy policy) { return json::string(policy == UnknownPolicy::kHold ? "hold" : "retry"); }
json::value encode(RecipientFate fate) { return json::string(to_string(fate)); }
json::value encode(const Owner& owner) { return json::value(to_string(owner)); }
json::value encode(const Digest& digest) { return json::value(to_hex(digest)); }
json::value encode(const RetryPolicy& policy) { return json::value(to_string(policy)); }
json::value encode(const Body& body) {
  return json::object{{body.binary() ? "binary" : "text", base64_encode(body.bytes())}};
}
// A header's name and value.
json::value encode(const std::pair<std::string, std::string>& pair) { return json::array{pair.first, pair.second}; }
json::value encode(const std::shared_ptr<const RouteTable>& table);
json::value encode(const SharedClosedRoutes& routes);
json::value encode(const HandlerOutcome& outcome);
template <Listed T>
json::value encode(const T& value);
template <class T>
json::value encode(const std::vector<T>& values);

class Writer {
 public:
  template <class T>
  void operator()(std::string_view name, const T& value) {
    if constexpr (kIsOptional<T>) {
      if (value) object_[name] = encode(*value);
    } else {
      object_[name] = encode(value);
    }
  }
  [[nodiscard]] json::object take() { return std::move(object_); }

 private:
  json::object object_;
};

template <Listed T>
json::value encode(const T& value) {
  Writer writer;
  fields(value, writer);
  return writer.take();
}

template <class T>
json::value encode(const std::vector<T>& values) {
  json::array array;
  for (const T& value : values) array.push_back(encode(value));
  return array;
}

json::value encode(const std::shared_ptr<const RouteTable>& table) {
  if (!table) return nullptr;
  json::array array;
  for (const auto& [route, queue] : table->consumed()) {
    array.push_back(json::array{route.exchange, route.routing_key, queue.value});
  }
  return array;
}

json::value encode(const SharedClosedRoutes& routes) {
  if (!routes) return nullptr;
  return json::object{{"closed", encode(routes->closed())}, {"probes", encode(routes->probes())}};
}

json::value encode(const HandlerOutcome& outcome) {
  return json::object{
      {kOutcomeNames.at(outcome.index()), std::visit([](const auto& value) { return encode(value); }, outcome)}};
}

// ---- reading --------------------------------------------------------------------------------------------------------

// Each answers whether the JSON is what `encode` writes of such a value.
bool decode(const json::value& from, bool& to) {
  if (from.is_bool()) to = from.get_bool();
  return from.is_bool();
}
template <std::integral T>
bool decode(const json::value& from, T& to) {
  json::error_code error;
  to = from.to_number<T>(error);
  return !error;
}
bool decode(const json::value& from, std::string& to) {
  if (from.is_string()) to = std::string(from.get_string());
  return from.is_string();
}
template <class T>
requires Name<T> || Nonce<T>
bool decode(const json::value& from, T& to) { return decode(from, to.value); }
bool decode(const json::value& from, Duration& to) {
  Duration::rep millis = 0;
  const bool good = decode(from, millis);
  to = Duration{millis};
  return good;
}
bool decode(const json::value& from, WallTime& to) {
  std::int64_t millis = 0;
  const bool good = decode(from, millis);
  to = from_millis(millis);
  return good;
}
// A value that `parse` makes of text, if it can.
template <class T, class Parse>
bool decode_text(const json::value& from, T& to, const Parse& parse) {
  if (!from.is_string()) return false;
  auto parsed = parse(std::string_view(from.get_string()));
  if (parsed) to = std::move(*parsed);
  return static_cast<bool>(parsed);
}
bool decode(const json::value& from, State& to) { return decode_text(from, to, parse_state); }
bool decode(const json::value& from, Digest& to) { return decode_text(from, to, parse_digest); }
bool decode(const json::value& from, RetryPolicy& to) { return decode_text(from, to, parse_retry_policy); }
bool decode(const json::value& from, Owner& to) {
  return decode_text(from, to, [](std::string_view text) { return std::optional(parse_owner(text)); });
}
bool decode(const json::value& from, RecipientFate& to) {
  return decode_text(from, to, [](std::string_view text) -> std::optional<RecipientFate> {
    using enum RecipientFate;
    for (const RecipientFate fate : {kDelivered, kTryAgain, kRefused, kUnknown}) {
      if (text == to_string(fate)) return fate;
    }
    return std::nullopt;
  });
}
bool decode(const json::value& from, UnknownPolicy& to) {
  return decode_text(from, to, [](std::string_view text) -> std::optional<UnknownPolicy> {
    if (text == "hold") return UnknownPolicy::kHold;
    if (text == "retry") return UnknownPolicy::kRetry;
    return std::nullopt;
  });
}
bool decode(const json::value& from, Body& to) {
  const json::object* object = from.if_object();
  if (object == nullptr || object->size() != 1) return false;
  const auto& [kind, base64] = *object->begin();
  if ((kind != "binary" && kind != "text") || !base64.is_string()) return false;
  auto bytes = base64_decode(std::string_view(base64.get_string()));
  if (bytes) to = Body(std::move(*bytes), kind == "binary");
  return bytes.has_value();
}
bool decode(const json::value& from, std::pair<std::string, std::string>& to) {
  const json::array* both = from.if_array();
  return both != nullptr && both->size() == 2 && decode(both->at(0), to.first) && decode(both->at(1), to.second);
}
bool decode(const json::value& from, std::shared_ptr<const RouteTable>& to) {
  to.reset();
  if (from.is_null()) return true;
  if (!from.is_array()) return false;
  std::map<Route, QueueName> consumed;
  for (const json::value& entry : from.get_array()) {
    const json::array* parts = entry.if_array();
    Route route;
    QueueName queue;
    if (parts == nullptr || parts->size() != 3 || !decode(parts->at(0), route.exchange) ||
        !decode(parts->at(1), route.routing_key) || !decode(parts->at(2), queue)) {
      return false;
    }
    consumed[route] = queue;
  }
  to = std::make_shared<const RouteTable>(std::move(consumed));
  return true;
}
bool decode(const json::value& from, HandlerOutcome& to);
template <Listed T>
bool decode(const json::value& from, T& to);
template <class T>
bool decode(const json::value& from, std::vector<T>& to);
bool decode(const json::value& from, SharedClosedRoutes& to);

class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}
  template <class T>
  void operator()(std::string_view name, T& value) {
    const json::value* found = object_.if_contains(name);
    if constexpr (kIsOptional<T>) {
      value.reset();
      if (found != nullptr && !decode(*found, value.emplace())) bad(name);
    } else {
      if (found == nullptr || !decode(*found, value)) bad(name);
    }
  }
  /// The first field that is missing or cannot be read; empty: all is well.
  [[nodiscard]] const std::string& bad_field() const { return bad_; }

 private:
  void bad(std::string_view name) {
    if (bad_.empty()) bad_ = name;
  }
  const json::object& object_;
  std::string bad_;
};

template <Listed T>
bool decode(const json::value& from, T& to) {
  if (!from.is_object()) return false;
  Reader reader(from.get_object());
  fields(to, reader);
  return reader.bad_field().empty();
}

template <class T>
bool decode(const json::value& from, std::vector<T>& to) {
  to.clear();
  if (!from.is_array()) return false;
  for (const json::value& value : from.get_array()) {
    if (!decode(value, to.emplace_back())) return false;
  }
  return true;
}

bool decode(const json::value& from, SharedClosedRoutes& to) {
  to.reset();
  if (from.is_null()) return true;
  const json::object* object = from.if_object();
  const json::value* closed = object != nullptr ? object->if_contains("closed") : nullptr;
  const json::value* probes = object != nullptr ? object->if_contains("probes") : nullptr;
  std::vector<Route> closed_routes;
  std::vector<Route> probed_routes;
  if (closed == nullptr || probes == nullptr || !decode(*closed, closed_routes) || !decode(*probes, probed_routes)) {
    return false;
  }
  to = std::make_shared<const ClosedRoutes>(std::move(closed_routes), std::move(probed_routes));
  return true;
}

// Makes the alternative of this index.
template <class Variant, std::size_t... I>
Variant alternative(std::size_t index, std::index_sequence<I...> /*indices*/) {
  Variant made;
  static_cast<void>(((I == index && (made.template emplace<I>(), true)) || ...));
  return made;
}
template <class Variant>
std::optional<Variant> alternative(std::string_view name,
                                   const std::array<std::string_view, std::variant_size_v<Variant>>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names.at(i) == name) {
      return alternative<Variant>(i, std::make_index_sequence<std::variant_size_v<Variant>>());
    }
  }
  return std::nullopt;
}

bool decode(const json::value& from, HandlerOutcome& to) {
  const json::object* object = from.if_object();
  if (object == nullptr || object->size() != 1) return false;
  const auto& [name, value] = *object->begin();
  auto outcome = alternative<HandlerOutcome>(name, kOutcomeNames);
  if (!outcome) return false;
  to = std::move(*outcome);
  return std::visit([&value = value](auto& alternative) { return decode(value, alternative); }, to);
}

template <class T>
Status read_fields(const json::value& from, T& to) {
  if (!from.is_object()) return make_error(ErrorClass::kPermanent, "not a JSON object");
  Reader reader(from.get_object());
  fields(to, reader);
  if (reader.bad_field().empty()) return ok_status();
  return make_error(ErrorClass::kPermanent, "the field '" + reader.bad_field() + "' is missing or cannot be read");
}

}  // namespace

json::value to_json(const Write& write) {
  json::object object{{"verb", kVerbNames.at(write.index())}};
  const json::value listed = std::visit([](const auto& verb) { return encode(verb); }, write);
  for (const auto& field : listed.get_object()) object.insert(field);
  return object;
}

Result<Write> write_from_json(const json::value& from) {
  const json::object* object = from.if_object();
  const json::value* verb = object != nullptr ? object->if_contains("verb") : nullptr;
  if (verb == nullptr || !verb->is_string()) return make_error(ErrorClass::kPermanent, "a write has a 'verb'");
  const std::string_view name = verb->get_string();
  auto write = alternative<Write>(name, kVerbNames);
  if (!write) return make_error(ErrorClass::kPermanent, "there is no verb '" + std::string(name) + "'");
  const Status read = std::visit([&](auto& alternative) { return read_fields(from, alternative); }, *write);
  if (!read.ok()) return make_error(ErrorClass::kPermanent, std::string(name) + ": " + read.error().message);
  return std::move(*write);
}

json::value foreign_row_to_json(const Row& row) { return encode(row); }

Result<Row> foreign_row_from_json(const json::value& from) {
  Row row;
  if (const Status read = read_fields(from, row); !read.ok()) return read.error();
  row.body_bytes = row.message.body.size();
  return row;
}

}  // namespace waybill::recording
