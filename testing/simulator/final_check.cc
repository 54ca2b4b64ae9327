#include "testing/simulator/final_check.h"

#include "core/headers.h"
#include "core/message.h"
#include "core/wire_limits.h"

namespace waybill::sim {
namespace {

constexpr std::int64_t kPublishesMax = 100;  // more than any of the faults explain

}  // namespace

void FinalCheck::violation(const Row& row, const std::string& what) {
  audit_.violation(row.message.id.value + " " + what + ": " + describe(row));
}

void FinalCheck::run() {
  std::vector<Row> rows;
  for (const State state : kAllStates) std::ranges::move(store_.rows_of(state), std::back_inserter(rows));
  for (const Row& row : rows) {
    audit_.effects().seen(row);
    for (const auto& [name, value] : row.message.headers) {
      if (name == kHeaderDeadOf) copied_.insert(value);
    }
  }
  for (const Row& row : rows) {
    if (row.status == State::kDead) check_death(row);
    if (row.publish_count > kPublishesMax) violation(row, "was published too often");
    const int crash_limit = plan_.options.crash_limit;
    if (row.status != State::kDead && !plan_.ghost && crash_limit > 0 && row.crash_count >= crash_limit) {
      violation(row, "went on after its last crash");
    }
    if (plan_.honest) check_honest(row);
    audit_.effects().compare(row, *store_.log().recipients(row.message.id));
  }
  audit_.effects().judge();
  for (const std::string& id : audit_.accepted()) {
    const auto row = store_.log().find(MessageId{id}, false);
    if (!*row && !audit_.effects().was_pruned(id)) audit_.violation(id + " was accepted and is gone");
  }
}

// The ghost ends rows by rules of its own.
void FinalCheck::check_death(const Row& row) {
  if (row.last_error.empty()) violation(row, "is dead without a reason");
  if (plan_.ghost || row.message.id.value.starts_with(kReservedIdPrefix)) return;
  const RetryPolicy& policy = row.message.retry ? *row.message.retry : plan_.options.worker.retry;
  const bool used_up = row.try_count >= policy.attempts;
  const bool crashed = plan_.options.crash_limit > 0 && row.crash_count >= plan_.options.crash_limit;
  const bool failed = row.last_error == kPlannedFailure;
  const bool refused = !validate_route(row.message.route).ok();
  if (!used_up && !crashed && !failed && !refused) return violation(row, "died too early");
  const bool wants_copy = plan_.options.dead_letter && !refused && !(row.queue && row.queue->external());
  // A copy that was confirmed may be pruned before its original, which never is.
  if (wants_copy && !copied_.contains(row.message.id.value) && !audit_.effects().pruned_any()) {
    violation(row, "died without a dead-letter copy");
  }
}

void FinalCheck::check_honest(const Row& row) {
  if (row.publish_count != 1) violation(row, "was published again though nothing failed");
  if (row.attempt != 1) violation(row, "was not handled in one attempt though nothing failed");
  if (audit_.effects().effects_of(row.message.id.value) != 1)
    violation(row, "had not one effect though nothing failed");
}

}  // namespace waybill::sim
