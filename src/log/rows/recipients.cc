#include "log/rows/recipients.h"

#include <utility>

namespace waybill::rows {

void Recipients::load(RecordedRecipient recorded) {
  std::string address = recorded.record.address;
  lines_.insert_or_assign(std::move(address), RecipientLine{std::move(recorded)});
}

void Recipients::record(const RecipientRecord& told, WallTime now) {
  RecipientRecord kept = fit_to_keep(told);
  const auto known = lines_.find(kept.address);
  if (known != lines_.end() && !replaces(known->second.recorded.record, kept)) return;
  std::string address = kept.address;
  lines_.insert_or_assign(std::move(address), RecipientLine{{std::move(kept), now}, /*changed=*/true});
}

void Recipients::record(const std::vector<RecipientRecord>& told, WallTime now) {
  for (const RecipientRecord& one : told) record(one, now);
}

void Recipients::record_deliveries(const std::vector<RecipientRecord>& told, WallTime now) {
  for (const RecipientRecord& one : told) {
    if (one.outcome.fate == RecipientFate::kDelivered) record(one, now);
  }
}

void Recipients::open_refused(WallTime now) {
  for (auto& [_, line] : lines_) {
    RecipientFate& fate = line.recorded.record.outcome.fate;
    if (fate != RecipientFate::kRefused) continue;
    fate = RecipientFate::kTryAgain;
    line.recorded.at = now;
    line.changed = true;
  }
}

std::vector<RecipientRecord> Recipients::records() const {
  std::vector<RecipientRecord> records;
  records.reserve(lines_.size());
  for (const auto& [_, line] : lines_) records.push_back(line.recorded.record);
  return records;
}

bool only_adds_recipients(const Finish& write) {
  if (write.recipients.empty()) return true;
  return write.fence.attempt == 1 && check_recipients(write.recipients).ok();
}

}  // namespace waybill::rows
