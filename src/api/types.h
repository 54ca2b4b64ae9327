// The JSON shapes of the HTTP interface, as plain values: what the server writes, the command line reads and the tests
// compare. Writing never fails; text that is not UTF-8 is shown with U+FFFD. Reading answers ignores fields it does not
// know (the server may be newer); reading requests refuses them. Values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "core/delivery_state.h"
#include "core/message.h"

namespace waybill::api {

// ---- messages -----------------------------------------------------------------------------------------------------

/// One line of a message's history.
struct EventView {
  WallTime at{};
  std::string kind;
  std::int32_t attempt = 0;
  int count = 1;
  std::string detail;
  bool operator==(const EventView&) const = default;
};

/// What is known of one recipient of a mail.
struct RecipientView {
  std::string address;
  std::string status;  ///< `delivered`, `deferred`, `refused` or `unknown`
  int code = 0;        ///< of the reply that decided; 0 (null): none did
  std::string enhanced_code;
  std::string reply;
  std::string relay;
  WallTime time{};  ///< since when it is so
  bool operator==(const RecipientView&) const = default;
};

/// `GET /v1/messages/{id}`, and one item of a list (there without events, recipients and body). Empty strings and
/// missing times are written as null, except where noted.
struct MessageView {
  std::string id;
  State status = State::kSending;    ///< `{"name","code"}`
  bool on_hold = false;              ///< waits for a person
  std::string exchange;              ///< "" is the default exchange and written so
  std::string routing_key;           ///< written also when empty
  std::optional<std::string> queue;  ///< none: undecided (null); "": external
  int try_count = 0;                 ///< failed attempts
  std::int32_t attempt = 0;          ///< number of the last attempt started
  int lapse_count = 0;               ///< attempts that never reported
  int unknown_count = 0;             ///< attempts whose effect is uncertain
  int again_count = 0;               ///< replays of an effect known to have happened
  std::int64_t publish_count = 0;
  WallTime create_time{};
  WallTime update_time{};
  std::optional<WallTime> next_try_time;
  std::optional<WallTime> not_before;
  std::optional<WallTime> publish_time;  ///< these four are written inside `times`
  std::optional<WallTime> confirm_time;
  std::optional<WallTime> claim_time;
  std::optional<WallTime> consume_time;
  std::string result;
  std::string last_error;
  std::string owner;
  std::string content_type;
  std::string retry_policy;
  Headers headers;  ///< a JSON object; of a repeated name the last value
  std::int64_t body_bytes = 0;
  std::optional<std::string> body;  ///< if asked for: `body` if it is UTF-8, else `body_base64`
  std::vector<EventView> events;
  std::vector<RecipientView> recipients;
  bool operator==(const MessageView&) const = default;
};
[[nodiscard]] std::string to_json(const MessageView& message);
[[nodiscard]] Result<MessageView> parse_message(std::string_view json);

/// `GET /v1/messages`: newest first.
struct MessageListView {
  std::vector<MessageView> messages;
  std::string next_cursor;  ///< where the next page begins; empty (null): there is none
  bool operator==(const MessageListView&) const = default;
};
[[nodiscard]] std::string to_json(const MessageListView& list);
[[nodiscard]] Result<MessageListView> parse_message_list(std::string_view json);
/// One of its messages: without events, recipients and body.
[[nodiscard]] std::string to_list_item(const MessageView& message);

/// `POST /v1/messages/{id}/retry|cancel|resolve|reschedule`: what became of it.
struct StateChange {
  std::string id;
  State status = State::kSending;
  bool operator==(const StateChange&) const = default;
};
[[nodiscard]] std::string to_json(const StateChange& change);
[[nodiscard]] Result<StateChange> parse_state_change(std::string_view json);

/// `POST /v1/messages`: what became of one message that was accepted. Of one that was not: `{"error"}`, an ErrorView.
struct MessageAnswer {
  std::string id;
  State status = State::kSending;
  bool duplicate = false;  ///< it had been accepted before
  bool operator==(const MessageAnswer&) const = default;
};
void append_json(std::string& out, const MessageAnswer& answer);

// ---- the whole instance -------------------------------------------------------------------------------------------

/// `GET /v1/stats`.
struct StatsView {
  std::array<std::int64_t, kStateCount> states{};  ///< rows, indexed by State; written under the states' names
  std::int64_t lapse_count = 0;                    ///< summed over the rows kept
  std::int64_t unknown_count = 0;
  std::optional<WallTime> oldest_open;  ///< create time of the oldest row that is not final
  WallTime now{};                       ///< the log's clock
  bool operator==(const StatsView&) const = default;
};
[[nodiscard]] std::string to_json(const StatsView& stats);
[[nodiscard]] Result<StatsView> parse_stats(std::string_view json);

/// `GET /readyz`.
struct ReadyView {
  bool ready = false;
  std::string reason;  ///< why not
  bool operator==(const ReadyView&) const = default;
};
[[nodiscard]] std::string to_json(const ReadyView& ready);
[[nodiscard]] Result<ReadyView> parse_ready(std::string_view json);

// ---- errors -------------------------------------------------------------------------------------------------------

/// One bad field of a request.
struct FieldError {
  std::string field;
  std::string message;
  bool operator==(const FieldError&) const = default;
};

/// `{"error":{"code","message","fields"}}`.
struct ErrorView {
  std::string code;     ///< a stable word, e.g. `not_found`
  std::string message;  ///< one sentence for a person
  std::vector<FieldError> fields;
  bool operator==(const ErrorView&) const = default;
};
[[nodiscard]] std::string to_json(const ErrorView& error);
[[nodiscard]] Result<ErrorView> parse_error(std::string_view json);
/// One answer of `POST /v1/messages`, accepted or not.
[[nodiscard]] Result<std::variant<MessageAnswer, ErrorView>> parse_message_answer(std::string_view json);

/// Every answer of the classic endpoint: `{"code","msg","data"}`. `data` carries the id or the errors, or is null.
struct ClassicView {
  static constexpr int kSuccess = 0;
  static constexpr int kBadRequest = 201;  ///< with every 4xx
  static constexpr int kFailure = -1;      ///< with every 5xx
  int code = kSuccess;
  std::string msg;
  std::string msg_id;
  std::vector<FieldError> errors;
  std::string reason;  ///< with every 5xx: the code that the v1 form has, `unavailable` or `in_doubt`
  bool operator==(const ClassicView&) const = default;
};
[[nodiscard]] std::string to_json(const ClassicView& answer);
[[nodiscard]] Result<ClassicView> parse_classic(std::string_view json);

// ---- requests -----------------------------------------------------------------------------------------------------

/// A request as read, or what was wrong with it.
template <class T>
using Parsed = std::variant<T, ErrorView>;

/// `POST /mail/send/v2`. Read by the mail's own validation; written here for clients.
struct SendMail {
  std::string subject;
  std::string content;
  std::vector<std::string> tos;
};
[[nodiscard]] std::string to_json(const SendMail& request);

/// `POST /v1/messages/{id}/retry`; no body at all means the defaults.
struct RetryRequest {
  bool again = false;  ///< also what is known to have happened
};
[[nodiscard]] std::string to_json(const RetryRequest& request);
[[nodiscard]] Parsed<RetryRequest> parse_retry_request(std::string_view json);

/// `POST /v1/messages/{id}/resolve`: `{"outcome":"done"}` or `{"outcome":"retry"}`.
struct ResolveRequest {
  bool happened = false;  ///< done
};
[[nodiscard]] std::string to_json(const ResolveRequest& request);
[[nodiscard]] Parsed<ResolveRequest> parse_resolve_request(std::string_view json);

/// `POST /v1/messages/{id}/reschedule`: `{"deliver_at"}`, a time as in RFC 3339.
struct RescheduleRequest {
  WallTime deliver_at{};
};
[[nodiscard]] std::string to_json(const RescheduleRequest& request);
[[nodiscard]] Parsed<RescheduleRequest> parse_reschedule_request(std::string_view json);

/// `POST /v1/messages/{id}/cancel` takes no fields: empty or `{}`.
struct CancelRequest {};
[[nodiscard]] Parsed<CancelRequest> parse_cancel_request(std::string_view json);

}  // namespace waybill::api
