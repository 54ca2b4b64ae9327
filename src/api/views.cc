#include "api/views.h"

#include <algorithm>

namespace waybill::api {

MessageView view_of(const Row& row, bool with_body) {
  MessageView view;
  view.id = row.message.id.value;
  view.status = row.status;
  view.on_hold = row.on_hold();
  view.exchange = row.message.route.exchange;
  view.routing_key = row.message.route.routing_key;
  if (row.queue) view.queue = row.queue->value;
  view.try_count = row.try_count;
  view.attempt = row.attempt;
  view.lapse_count = row.lapse_count;
  view.unknown_count = row.unknown_count;
  view.again_count = row.again_count;
  view.publish_count = row.publish_count;
  view.create_time = row.create_time;
  view.update_time = row.update_time;
  view.next_try_time = row.next_try_time;
  view.not_before = row.message.not_before;
  view.publish_time = row.publish_time;
  view.confirm_time = row.confirm_time;
  view.claim_time = row.claim_time;
  view.consume_time = row.consume_time;
  view.result = row.result;
  view.last_error = row.last_error;
  if (row.owner) view.owner = to_string(*row.owner);
  view.content_type = row.message.content_type;
  if (row.message.retry) view.retry_policy = to_string(*row.message.retry);
  view.headers = row.message.headers;
  view.body_bytes = static_cast<std::int64_t>(row.body_bytes);
  if (with_body) view.body = row.message.body.bytes();
  return view;
}

MessageView view_of(const MessageDetail& detail, bool with_body) {
  MessageView view = view_of(detail.row, with_body);
  view.events.reserve(detail.events.size());
  for (const MessageEvent& event : detail.events) {
    view.events.push_back({event.at, event.kind, event.attempt, event.count, event.detail});
  }
  view.recipients.reserve(detail.recipients.size());
  for (const auto& [record, at] : detail.recipients) {
    const auto& [fate, code, enhanced, text] = record.outcome;
    view.recipients.push_back({record.address, std::string(to_string(fate)), code, enhanced, text, record.relay, at});
  }
  return view;
}

MessageListView view_of(const ListPage& page) {
  MessageListView view;
  view.next_cursor = page.next_cursor;
  view.messages.reserve(page.rows.size());
  for (const Row& row : page.rows) view.messages.push_back(view_of(row, /*with_body=*/false));
  return view;
}

StatsView view_of(const LogStats& stats) {
  StatsView view;
  for (std::size_t i = 0; i < std::min(view.states.size(), stats.rows_by_state.size()); ++i) {
    view.states[i] = stats.rows_by_state[i];
  }
  view.lapse_count = stats.lapses;
  view.unknown_count = stats.unknowns;
  view.oldest_open = stats.oldest_open;
  view.now = stats.store_now;
  return view;
}

}  // namespace waybill::api
