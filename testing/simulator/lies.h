// Defects planted where the engine meets its ports, so that each looks to everybody else as if the engine, the log or a
// handler had it. All false: nobody lies.
#pragma once

#include <memory>
#include <optional>

#include "ports/broker.h"
#include "ports/log_lane.h"
#include "testing/sim_loop.h"

namespace waybill::sim {

struct Lies {
  // A write is answered as if it had been committed, and never reaches the log.
  bool append_unrecorded = false;
  bool marks_unrecorded = false;
  bool claim_unrecorded = false;
  bool begin_effect_unrecorded = false;
  bool renew_unrecorded = false;
  bool finish_unrecorded = false;
  bool take_finds_nothing = false;  ///< never redelivers
  bool lost_finds_nothing = false;  ///< never reconciles
  // A write or its answer is another than it should be.
  bool append_unanswered = false;
  bool append_refused = false;            ///< as if it could never succeed
  bool append_taken_for_another = false;  ///< answered as a duplicate of the first that was accepted
  bool take_without_grace = false;        ///< what was taken is due again before anybody can answer
  bool failure_marked_sent = false;       ///< nacked, returned or in doubt, and marked sent
  bool stranger_known = false;            ///< an adoption is answered as finished and never made
  bool gone_row_granted = false;          ///< a claim of an unknown id is taken for granted
  bool bodies_mixed_up = false;           ///< a claim that brings a body brings another one
  bool bodies_forgotten = false;          ///< … or none
  bool one_try_only = false;              ///< every failed attempt is reported as the last
  bool no_copies_of_dead = false;         ///< dead-letter copies are not asked for
  bool recipients_unrecorded = false;     ///< reports lose what became of recipients
  bool recipients_untold = false;         ///< attempts are not told what the log knows of them
  // To and from the broker.
  bool publishes_twice = false;
  bool rejects_instead_of_acks = false;
  bool acks_instead_of_rejects = false;
  bool never_acks = false;
  // In the handlers' runner.
  bool effect_twice = false;  ///< two effects in one attempt
  bool one_handler_too_many = false;
  bool handled_twice = false;  ///< two handlers for one attempt
  bool done_without_effect = false;
  bool effect_under_another_id = false;
  bool gate_ignored = false;  ///< the effect goes on although it was told not to
  bool stale_start = false;   ///< an effect begins long after it was allowed
};

/// The engine's lane, through which lies pass. `inner` outlives it.
class LyingLane final : public LogLane {
 public:
  LyingLane(SimNode& node, LogLane& inner, const Lies& lies) : node_(node), inner_(inner), lies_(lies) {}
  void submit(Write write, MonoTime deadline, Done done) override;
  void submit_all(std::vector<Write> writes, MonoTime deadline, DoneAll done) override;

 private:
  [[nodiscard]] std::optional<Result<Answer>> invented(const Write& write) const;
  void distort(Write& write) const;
  void distort(Answer& answer);

  SimNode& node_;
  LogLane& inner_;
  const Lies lies_;
  std::optional<MessageId> first_accepted_;
};

/// A broker between the engine and `inner`.
[[nodiscard]] std::unique_ptr<Broker> make_lying_broker(std::unique_ptr<Broker> inner, const Lies& lies);

}  // namespace waybill::sim
