// A commit in which a write fails by itself, or meets a stranger's lock: it is tried half by half, until that write
// stands alone and its neighbours are done.
//
// Locks are met with little patience: what is not done when the time is up is left out, and new rows, which a stranger
// can keep out all at once (a gap that it has locked), then rest for a while. One thread.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "log/lock_patience.h"
#include "ports/message_log.h"

namespace waybill::rows {

class Isolation {
 public:
  using Writes = std::span<const Write* const>;
  using Answers = std::vector<Result<Answer>>;

  enum class Outcome {
    kDone,
    kRefused,  ///< it fails by itself; nothing of it has happened
    kHeld,     ///< it met a lock; nothing of it has happened
    kBroken,   ///< the transaction is no more
  };
  struct Attempt {
    Outcome outcome = Outcome::kDone;
    Error error = {};  ///< of kRefused
  };
  /// Applies these writes within the open transaction, and adds their answers.
  using Try = std::function<Attempt(Writes writes, Answers& answers)>;

  explicit Isolation(const LockPatience& patience) : patience_(patience.isolation) {}

  /// Adds one answer a write, in their order. False: a try said that the transaction is broken.
  [[nodiscard]] bool run(Writes writes, const Try& attempt, Answers& answers);

  /// Those that are to be tried at present: all, or all that make no new row.
  [[nodiscard]] std::vector<const Write*> tried_now(Writes writes) const;
  /// The answers to all of `writes`, of which those to `tried` are given.
  [[nodiscard]] static Answers with_left_out(Writes writes, Writes tried, Answers given);

 private:
  bool by_halves(Writes writes, const Try& attempt, Answers& answers);
  bool leave_out(Writes writes, Answers& answers);

  Duration patience_;
  std::optional<MonoTime> give_up_;
  MonoTime new_rows_rest_until_{};
};

}  // namespace waybill::rows
