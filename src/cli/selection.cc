#include "cli/selection.h"

#include "app/config_value.h"
#include "cli/http_client.h"

namespace waybill::cli {
namespace {

Error refuse(std::string why) { return make_error(ErrorClass::kPermanent, std::move(why)); }

}  // namespace

std::vector<Option> SelectionOptions::options() {
  return {
      {"--status",
       "Only those in this state (sending, sent, send_failed, consumed, consume_failed, dead, outcome_unknown, "
       "cancelled)",
       &status, false, "STATE"},
      {"--queue", "Only those of this queue; '' are the external ones", &queue, false, "NAME"},
      {"--since", "Only those created since: a time as in RFC 3339, or how long ago, as 2h", &since, false, "TIME"},
      {"--until", "Only those created before: likewise", &until, false, "TIME"},
  };
}

Result<api::BulkRequest> SelectionOptions::read() const {
  api::BulkRequest selection;
  if (!status.empty()) {
    selection.status = parse_state(status);
    if (!selection.status) return refuse("--status: there is no state '" + status + "'; help names them");
  }
  if (queue.size() > 1) return refuse("--queue can be given only once");
  if (!queue.empty()) selection.queue = queue.front();
  if (!since.empty()) {
    const auto time = parse_since(since, SystemWallClock().now());
    if (!time.ok()) return time.error();
    selection.since = *time;
  }
  if (!until.empty()) {
    const auto time = parse_since(until, SystemWallClock().now(), "--until");
    if (!time.ok()) return time.error();
    selection.until = *time;
  }
  if (selection.since && selection.until && *selection.since >= *selection.until) {
    return refuse("--since is not before --until: nothing was created between them");
  }
  return selection;
}

std::string query_of(const api::BulkRequest& selection) {
  std::string query;
  if (selection.status) query += "&status=" + std::string(to_string(*selection.status));
  if (selection.queue) query += "&queue=" + percent_encode(*selection.queue);
  if (selection.since) query += "&since=" + percent_encode(to_rfc3339(*selection.since));
  if (selection.until) query += "&until=" + percent_encode(to_rfc3339(*selection.until));
  return query;
}

std::string text_of(const api::BulkRequest& selection, std::string_view any_state) {
  std::string text(selection.status ? to_string(*selection.status) : any_state);
  if (selection.queue) text += selection.queue->empty() ? ", external" : ", queue '" + *selection.queue + "'";
  if (selection.since) text += ", since " + to_rfc3339(*selection.since);
  if (selection.until) text += ", before " + to_rfc3339(*selection.until);
  return text;
}

Result<WallTime> parse_since(const std::string& text, WallTime now, std::string_view option) {
  if (const auto time = parse_rfc3339(text)) return *time;
  const auto ago = app::parse_duration(text);
  if (ago.ok()) return now - *ago;
  return refuse(std::string(option) + ": '" + text +
                "' is neither a time such as 2026-01-31T08:00:00Z nor how long ago, such as 2h");
}

}  // namespace waybill::cli
