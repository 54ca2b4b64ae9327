#include "testing/memory_log/rows.h"

#include <algorithm>
#include <cctype>

namespace waybill {
namespace {

bool is_due_some_time(const StoredRow& row) { return kOpenStates.has(row.status) && row.next_try_time; }
bool is_waiting(const StoredRow& row) {
  return row.status == State::kSent && !row.owner && row.queue && !row.queue->external();
}
bool is_settled(const StoredRow& row) {
  return is_final(row.status) || (row.status == State::kSent && !row.owner && row.external());
}

}  // namespace

Phase phase_of(const Row& row, WallTime now) {
  if (row.owner) return row.next_try_time && *row.next_try_time <= now ? Phase::kLapsed : Phase::kAttempt;
  return row.on_hold() ? Phase::kHeld : Phase::kUnclaimed;
}

StoredRow* Rows::find(const MessageId& id) {
  const auto found = ids_ignore_case_ ? rows_.find(key_of(id)) : rows_.find(id.value);
  return found == rows_.end() ? nullptr : &found->second;
}

StoredRow& Rows::insert(StoredRow row) {
  row.sequence = next_sequence_++;
  std::string key = key_of(row.message.id);
  StoredRow& stored = rows_.insert_or_assign(std::move(key), std::move(row)).first->second;
  by_arrival_.emplace(stored.sequence, &stored);
  link(stored);
  return stored;
}

void Rows::erase(StoredRow& row) {
  unlink(row);
  by_arrival_.erase(row.sequence);
  rows_.erase(key_of(row.message.id));
}

void Rows::link(StoredRow& row) {
  if (is_due_some_time(row)) due_[row.message.route].add(*row.next_try_time, row);
  if (row.owner) attempts_.add(row.next_try_time.value_or(WallTime{}), row);
  if (is_waiting(row)) waiting_[*row.queue].add(row.confirm_time.value_or(WallTime{}), row);
  if (is_settled(row)) settled_.add(row.update_time, row);
}

void Rows::unlink(StoredRow& row) {
  if (is_due_some_time(row)) due_[row.message.route].remove(*row.next_try_time, row);
  if (row.owner) attempts_.remove(row.next_try_time.value_or(WallTime{}), row);
  if (is_waiting(row)) waiting_[*row.queue].remove(row.confirm_time.value_or(WallTime{}), row);
  if (is_settled(row)) settled_.remove(row.update_time, row);
}

std::string Rows::key_of(const MessageId& id) const {
  std::string key = id.value;
  if (ids_ignore_case_) std::ranges::transform(key, key.begin(), [](unsigned char c) { return std::tolower(c); });
  return key;
}

}  // namespace waybill
