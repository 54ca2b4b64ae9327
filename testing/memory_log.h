// The message log as a model in memory: every verb of protocol section 2 written as plainly as possible, and fast
// enough for a simulator. What `commit` returned is durable for as long as the object lives.
//
// Threads: any, one call at a time (calls wait for each other). Errors: only of single writes (an unusable id).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/delivery_state.h"
#include "ports/message_log.h"
#include "testing/memory_log/mutations.h"

namespace waybill {

class Batch;
class Rows;

class MemoryLog final : public MessageLog, public MessageReader {
 public:
  using Mutations = MemoryLogMutations;
  /// Called inside `commit` at each change of a row, in order; must not call the log. A row that appears comes without
  /// a state and from Phase::kAbsent, one that is pruned goes to Phase::kAbsent. A lapse inside a take or a claim is
  /// reported by itself as Verb::kLapse first; a claim run again is reported as Verb::kRenew.
  using Observer = std::function<void(const MessageId&, std::optional<State> from, Phase from_phase, Verb, State to,
                                      Phase to_phase)>;

  /// `clock` is the store's clock and outlives the log.
  explicit MemoryLog(const WallClock& clock, std::string identity = "memory", Mutations drop = {});
  ~MemoryLog() override;

  void observe(Observer observer) { observer_ = std::move(observer); }
  /// A row that another program inserted with the classic columns; refused if its state is not 0 to 3 or its id exists.
  [[nodiscard]] Status insert_foreign(const Row& row);

  [[nodiscard]] Result<Committed> commit(std::span<const Write> writes) override;
  [[nodiscard]] Result<WallTime> now() override { return clock_.now(); }
  [[nodiscard]] std::string identity() const override { return identity_; }

  [[nodiscard]] Result<std::optional<Row>> find(const MessageId& id, bool with_body) override;
  [[nodiscard]] Result<std::vector<MessageEvent>> events(const MessageId& id) override;
  [[nodiscard]] Result<std::vector<RecordedRecipient>> recipients(const MessageId& id) override;
  [[nodiscard]] Result<ListPage> list(const ListFilter& filter) override;
  [[nodiscard]] Result<std::int64_t> count(const MessageFilter& where, std::int64_t most) override;
  [[nodiscard]] Result<LogStats> stats() override;

 private:
  const WallClock& clock_;
  const std::string identity_;
  const Mutations drop_;
  Observer observer_;
  std::mutex mutex_;
  std::unique_ptr<Rows> rows_;  // guarded by mutex_
};

}  // namespace waybill
