#include "cli/output.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "base/log.h"

namespace waybill::cli {
namespace {

// Columns on the screen, near enough: continuation bytes of UTF-8 take none.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

std::string after(WallTime start, const std::optional<WallTime>& time) {
  if (!time) return {};
  return "+" + std::to_string((*time - start).count()) + " ms";
}

std::string plural(std::int64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string attempts_text(const api::MessageView& message) {
  return std::to_string(message.attempt) + " (" + std::to_string(message.try_count) + " failed, " +
         std::to_string(message.lapse_count) + " lapsed, " + std::to_string(message.unknown_count) + " unknown)";
}

std::string queue_text(const std::optional<std::string>& queue) {
  if (!queue) return "(undecided)";
  return queue->empty() ? "(external)" : *queue;
}

void add_if_set(Table& table, const char* name, const std::string& value) {
  if (!value.empty()) table.add({name, value});
}

Table facts_of(const api::MessageView& message) {
  Table facts;
  facts.add({"message", message.id});
  facts.add({"status", status_text(message) + ", code " + std::to_string(static_cast<int>(message.status))});
  facts.add({"route", message.exchange + " / " + message.routing_key + " -> " + queue_text(message.queue)});
  facts.add({"attempts", attempts_text(message)});
  facts.add({"published", plural(message.publish_count, "time")});
  if (message.again_count > 0) facts.add({"again", plural(message.again_count, "time") + " by an operator"});
  if (message.not_before) facts.add({"not before", to_rfc3339(*message.not_before)});
  if (message.next_try_time) facts.add({"next try", to_rfc3339(*message.next_try_time)});
  add_if_set(facts, "held by", message.owner);
  return facts;
}

// A row exists from its acceptance on, and it is accepted only when it is recorded: one time for both.
Table steps_of(const api::MessageView& message) {
  const WallTime start = message.create_time;
  Table steps;
  const auto step = [&](const char* name, const std::optional<WallTime>& time) {
    steps.add({name, time_or_dash(time), after(start, time)});
  };
  step("accepted", start);
  step("recorded", start);
  step("published", message.publish_time);
  step("confirmed", message.confirm_time);
  step("claimed", message.claim_time);
  step("consumed", message.consume_time);
  return steps;
}

Table events_of(const api::MessageView& message) {
  Table events;
  for (const auto& event : message.events) {
    events.add({to_rfc3339(event.at), event.kind, "attempt " + std::to_string(event.attempt),
                "x" + std::to_string(event.count), event.detail});
  }
  return events;
}

// `2 delivered, 1 refused`: a partial refusal is seen at once.
std::string counts_of(const std::vector<api::RecipientView>& recipients) {
  std::map<std::string, std::int64_t> counts;
  for (const auto& recipient : recipients) ++counts[recipient.status];
  std::string text;
  for (const auto& [status, count] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + escape_line(status);
  }
  return text;
}

Table recipients_of(const std::vector<api::RecipientView>& recipients) {
  Table table;
  for (const auto& recipient : recipients) {
    std::string said = recipient.code == 0 ? "" : std::to_string(recipient.code);
    for (const std::string* part : {&recipient.enhanced_code, &recipient.reply}) {
      if (!part->empty()) said += (said.empty() ? "" : " ") + *part;
    }
    table.add({recipient.address, recipient.status, to_rfc3339(recipient.time), or_dash(recipient.relay), said});
  }
  return table;
}

}  // namespace

void Table::add(std::vector<std::string> row) {
  for (auto& cell : row) cell = escape_line(cell);
  rows_.push_back(std::move(row));
}

std::string Table::text(std::string_view indent) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line(indent);
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string time_or_dash(const std::optional<WallTime>& time) { return time ? to_rfc3339(*time) : "-"; }

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string status_text(const api::MessageView& message) {
  return std::string(to_string(message.status)) + (message.on_hold ? " (held)" : "");
}

std::string trail_text(const api::MessageView& message) {
  std::string text = facts_of(message).text() + "\n" + steps_of(message).text();
  Table ends;
  add_if_set(ends, "result", message.result);
  add_if_set(ends, "last error", message.last_error);
  if (!message.result.empty() || !message.last_error.empty()) text += "\n" + ends.text();
  if (!message.recipients.empty()) {
    text += "\nrecipients: " + counts_of(message.recipients) + "\n" + recipients_of(message.recipients).text("  ");
  }
  if (message.body) text += "\nbody\n  " + escape_line(*message.body) + "\n";
  if (!message.events.empty()) text += "\nevents\n" + events_of(message).text("  ");
  return text;
}

void print(std::string_view text) {
  // A failure sticks to the stream and is reported when the program ends.
  [[maybe_unused]] const auto written = std::fwrite(text.data(), 1, text.size(), stdout);
}

void print_line(std::string_view text) {
  print(text);
  print("\n");
}

}  // namespace waybill::cli
