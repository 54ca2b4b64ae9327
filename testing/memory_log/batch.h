// One commit of the memory log: the rows, the store's time, and the steps that several verbs share. The verbs
// themselves are the overloads of `apply`, one file for each of their users.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "testing/memory_log.h"
#include "testing/memory_log/rows.h"

namespace waybill {

class Batch {
 public:
  Batch(Rows& all, WallTime time, const MemoryLogMutations& dropped, const MemoryLog::Observer& observer)
      : rows(all), now(time), drop(dropped), observer_(observer) {}

  Rows& rows;
  const WallTime now;
  const MemoryLogMutations& drop;

  /// Adds a row that came to be at `now`.
  StoredRow& insert(StoredRow row, Verb verb);
  /// Changes a row by a verb.
  template <class Edit>
  void change(StoredRow& row, Verb verb, const Edit& edit) {
    const State from = row.status;
    const Phase from_phase = phase_of(row, now);
    rows.edit(row, [&](StoredRow& changed) {
      edit(changed);
      changed.update_time = now;
    });
    tell(row.message.id, from, from_phase, verb, row.status, phase_of(row, now));
  }
  /// Removes a row with its events.
  void remove(StoredRow& row);

  /// Adds a line to a row's history: a repeated equal one only counts, at most 50 are kept.
  void add_event(const StoredRow& row, std::string_view kind, std::int32_t attempt, std::string_view detail);
  [[nodiscard]] bool has_event(const StoredRow& row, std::string_view kind, std::int32_t attempt) const;
  [[nodiscard]] bool has_event(const StoredRow& row, std::string_view kind) const;
  /// True if the last line of the row's history is of this kind.
  [[nodiscard]] bool last_event_is(const StoredRow& row, std::string_view kind) const;

  /// What became of a recipient, by the rule of core/recipients.h.
  void record(const StoredRow& row, const RecipientRecord& told);
  /// Recipients that have refused are to be tried again.
  void open_refused(const StoredRow& row);
  [[nodiscard]] std::vector<RecipientRecord> recipients_of(const StoredRow& row) const;

  /// True if a lease that has passed may be taken for a holder that is gone.
  [[nodiscard]] bool may_lapse(const LapseRule& rule) const;
  /// Ends the attempt of a holder that never reported.
  void lapse(StoredRow& row, const LapseRule& rule, bool counted = true);
  /// The same for each of them; the rows that are not driven again.
  [[nodiscard]] std::vector<LapsedRow> lapse_all(const std::vector<StoredRow*>& attempts, const LapseRule& rule);
  /// Inserts the row that carries a copy of a dead message to the dead-letter exchange, where there is one.
  void copy_to_dead_letters(const StoredRow& row, const std::optional<Route>& dead_letter);

 private:
  void tell(const MessageId& id, std::optional<State> from, Phase from_phase, Verb verb, State to,
            Phase to_phase) const;

  const MemoryLog::Observer& observer_;
};

/// A change into `sending`: due at `at`, nobody's, and with a publish number that no earlier mark fits.
void send_again(StoredRow& row, WallTime at, bool keep_publish_number = false);
/// A row at rest: no attempt, no due time.
void settle(StoredRow& row, State state);
/// True if `fence` names the attempt that is open.
[[nodiscard]] bool stands(const StoredRow& row, const Fence& fence);
/// Fills in what the process knows where the row knows nothing.
void note(StoredRow& row, const KnownTimes& times);
[[nodiscard]] VerbAnswer answer_of(const StoredRow& row, bool applied);
[[nodiscard]] inline VerbAnswer no_such_row() { return {.kind = VerbAnswer::Kind::kUnknownId}; }
[[nodiscard]] bool is_dead_letter_copy(const Message& message);

// Intake.
[[nodiscard]] Result<Answer> apply(const Append& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const Adopt& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const Park& write, Batch& batch);
// Relay.
[[nodiscard]] Result<Answer> apply(const Take& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const Refuse& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const MarkSent& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const MarkFailed& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const Lost& write, Batch& batch);
// Worker.
[[nodiscard]] Result<Answer> apply(const Claim& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const Renew& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const BeginEffect& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const Release& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const Finish& write, Batch& batch);
// People.
[[nodiscard]] Result<Answer> apply(const Cancel& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const Reschedule& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const Hold& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const Resolve& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const Replay& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const Prune& write, Batch& batch);
// Instances.
[[nodiscard]] Result<Answer> apply(const LapseOwner& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const LeaseNode& write, Batch& batch);
[[nodiscard]] Result<Answer> apply(const ReportQueues& write, Batch& batch);

}  // namespace waybill
