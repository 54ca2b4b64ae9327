// Reads the requests of types.h and types_bulk.h: strictly, and saying what was wrong.
#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <initializer_list>
#include <utility>

#include "api/types.h"
#include "api/types_bulk.h"

namespace waybill::api {
namespace {

namespace json = boost::json;

constexpr std::size_t kDepthMax = 16;
constexpr std::size_t kTextBytesMax = 1'024;
constexpr std::size_t kErrorsMax = 16;

// One JSON object of known fields; an empty text is an empty object. What is wrong is gathered, and reading goes on
// with defaults: the caller looks once, at the end.
class Fields {
 public:
  Fields(std::string_view text, std::initializer_list<std::string_view> known) {
    if (text.empty()) return;
    json::parse_options options;
    options.max_depth = kDepthMax;
    json::error_code error;
    json::value value = json::parse(text, error, {}, options);
    if (error || !value.is_object()) {
      error_ = ErrorView{"invalid_json", "the body must be a JSON object", {}};
      return;
    }
    object_ = std::move(value.get_object());
    for (const auto& [name, _] : object_) {
      if (std::find(known.begin(), known.end(), std::string_view(name)) == known.end()) {
        refuse(name, known.size() == 0 ? "is not a known field; none are taken here" : "is not a known field");
      }
    }
  }

  [[nodiscard]] bool has(std::string_view name) const { return object_.contains(name); }

  std::optional<std::string> text(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    const json::string* text = value->if_string();
    if (text == nullptr) return refuse(name, "must be a string"), std::nullopt;
    if (text->size() > kTextBytesMax) return refuse(name, "is longer than 1024 bytes"), std::nullopt;
    return std::string(text->data(), text->size());
  }

  bool flag(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) return false;
    if (!value->is_bool()) refuse(name, "must be true or false");
    return value->is_bool() && value->get_bool();
  }

  template <class Number>
  std::optional<Number> number(std::string_view name, Number least, Number most) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    json::error_code error;
    const Number number = value->is_number() ? value->to_number<Number>(error) : Number{};
    if (value->is_number() && !error && number >= least && number <= most) return number;
    std::string wanted = std::is_integral_v<Number> ? "must be a whole number from " : "must be a number from ";
    refuse(name, wanted + std::to_string(std::int64_t(least)) + " to " + std::to_string(std::int64_t(most)));
    return std::nullopt;
  }

  std::optional<WallTime> time(std::string_view name) {
    const auto written = text(name);
    if (!written) return std::nullopt;
    const auto time = parse_rfc3339(*written);
    if (!time) refuse(name, "must be a time as in RFC 3339, such as 2026-01-31T08:00:00Z");
    return time;
  }

  void refuse(std::string_view name, std::string why) {
    if (error_.fields.size() >= kErrorsMax) return;
    error_.fields.push_back({std::string(name.substr(0, 64)), std::move(why)});
  }

  // Nothing if all was well.
  std::optional<ErrorView> error() {
    if (error_.code.empty() && error_.fields.empty()) return std::nullopt;
    if (error_.code.empty()) {
      error_.code = "invalid_request";
      error_.message = "'" + error_.fields.front().field + "' " + error_.fields.front().message;
    }
    return error_;
  }

 private:
  json::object object_;
  ErrorView error_;
};

// `7d`
std::optional<Duration> parse_age(std::string_view text) {
  constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
      {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  for (const auto& [unit, millis] : kUnits) {
    if (text == unit && number <= PruneRequest::kAgeMax.count() / millis) return Duration{number * millis};
  }
  return std::nullopt;
}

std::string names_of(States states) {
  std::string names;
  for (const State state : kAllStates) {
    if (states.has(state)) names += (names.empty() ? "" : ", ") + std::string(to_string(state));
  }
  return names;
}

// The states whose messages the verb may change; of the others it would refuse each one.
States states_for(BulkVerb verb, bool again) {
  if (verb == BulkVerb::kCancel) return kOpenStates;
  return again ? set_of(State::kConsumed, State::kDead, State::kOutcomeUnknown, State::kCancelled)
               : set_of(State::kDead, State::kOutcomeUnknown, State::kCancelled);
}

std::optional<State> read_status(Fields& fields, BulkVerb verb, bool again) {
  const auto name = fields.text("status");
  if (!name) return std::nullopt;
  const States possible = states_for(verb, again);
  const auto state = parse_state(*name);
  if (state && possible.has(*state)) return state;
  std::string why = "must be one of " + names_of(possible);
  if (state == State::kConsumed && verb == BulkVerb::kRetry) why += "; consumed messages only with 'again'";
  fields.refuse("status", why);
  return std::nullopt;
}

}  // namespace

Parsed<RetryRequest> parse_retry_request(std::string_view json) {
  Fields fields(json, {"again"});
  const RetryRequest request{fields.flag("again")};
  if (auto error = fields.error()) return *std::move(error);
  return request;
}

Parsed<ResolveRequest> parse_resolve_request(std::string_view json) {
  Fields fields(json, {"outcome"});
  const auto outcome = fields.text("outcome");
  if (outcome != "done" && outcome != "retry" && !fields.error()) {
    fields.refuse("outcome", R"(must be "done" or "retry")");
  }
  if (auto error = fields.error()) return *std::move(error);
  return ResolveRequest{outcome == "done"};
}

Parsed<CancelRequest> parse_cancel_request(std::string_view json) {
  Fields fields(json, {});
  if (auto error = fields.error()) return *std::move(error);
  return CancelRequest{};
}

Parsed<RescheduleRequest> parse_reschedule_request(std::string_view json) {
  Fields fields(json, {"deliver_at"});
  const auto time = fields.time("deliver_at");
  if (!fields.has("deliver_at") && !fields.error()) fields.refuse("deliver_at", "is missing");
  if (auto error = fields.error()) return *std::move(error);
  return RescheduleRequest{*time};
}

Parsed<BulkRequest> parse_bulk_request(BulkVerb verb, std::string_view json) {
  const bool retry = verb == BulkVerb::kRetry;
  Fields fields =
      retry ? Fields(json, {"status", "queue", "since", "until", "cursor", "limit", "rate", "again", "dry_run"})
            : Fields(json, {"status", "queue", "since", "until", "cursor", "limit", "rate", "dry_run"});
  BulkRequest request;
  request.again = retry && fields.flag("again");
  request.status = read_status(fields, verb, request.again);
  if (retry && !fields.has("status")) request.status = State::kDead;
  request.queue = fields.text("queue");
  request.since = fields.time("since");
  request.until = fields.time("until");
  request.cursor = fields.text("cursor").value_or(std::string());
  request.limit = fields.number<int>("limit", 1, BulkRequest::kLimitMax).value_or(request.limit);
  request.rate = fields.number<double>("rate", 0, BulkRequest::kRateMax).value_or(request.rate);
  request.dry_run = fields.flag("dry_run");
  const bool chooses = fields.has("status") || fields.has("queue") || fields.has("since") || fields.has("until");
  if (!retry && !chooses && !fields.error()) {
    fields.refuse("status", "is missing, and so are 'queue', 'since' and 'until': name at least one of them");
  }
  if (auto error = fields.error()) return *std::move(error);
  return request;
}

Parsed<PruneRequest> parse_prune_request(std::string_view json) {
  Fields fields(json, {"older_than", "limit"});
  PruneRequest request;
  const auto written = fields.text("older_than");
  const auto age = written ? parse_age(*written) : std::nullopt;
  if (written && !age) fields.refuse("older_than", "must be a whole number and one of ms, s, m, h, d, such as 7d");
  if (!fields.has("older_than") && !fields.error()) fields.refuse("older_than", "is missing: say for example 7d");
  request.older_than = age.value_or(Duration{});
  request.limit = fields.number<int>("limit", 1, PruneRequest::kLimitMax).value_or(request.limit);
  if (auto error = fields.error()) return *std::move(error);
  return request;
}

}  // namespace waybill::api
