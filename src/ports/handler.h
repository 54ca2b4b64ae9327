// The handler: the effect of a message. Written by whoever uses Waybill; sending mail is the one that ships with it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "core/message.h"
#include "core/outcomes.h"
#include "core/recipients.h"

namespace waybill {

/// One attempt at one message.
struct Attempt {
  MessageId id;
  std::int32_t number = 0;
  Route route;
  std::string content_type;
  Headers headers;
  Body body;
  std::vector<RecipientRecord> recipients = {};  ///< what earlier attempts recorded of this mail
  std::optional<Digest> digest;  ///< of a body that the log kept back: checked before the handler is called
};

/// How it ended, and what it recorded.
struct AttemptReport {
  HandlerOutcome outcome;
  std::vector<RecipientRecord> recipients = {};
};

/// What an attempt may ask while it runs. Any thread of the handler; outlives the call.
class EffectGate {
 public:
  virtual ~EffectGate() = default;
  /// The point of no return: waits until it is durable that the effect begins. False: the attempt is not ours any more
  /// or too old, and the effect must not begin. Needed only from handlers that mark their effect.
  [[nodiscard]] virtual bool begin_effect() = 0;
  /// True when nobody waits for this attempt any more; a long effect that can still be stopped should stop.
  [[nodiscard]] virtual bool cancelled() const = 0;
  /// What became of recipients; of several calls each counts. It waits for nothing: it is committed with the attempt's
  /// outcome, also if the handler throws afterwards. If the attempt never reports, it is lost with it, which the lapse
  /// counts. Throws std::invalid_argument for what check_recipients (core/recipients.h) refuses.
  virtual void record(std::vector<RecipientRecord> recipients) = 0;
};

/// Called from several threads at once, one attempt each. Exceptions count as `Retry`, or as `Unknown` once the effect
/// has begun.
class Handler {
 public:
  virtual ~Handler() = default;
  /// True: `handle` calls `begin_effect` before its effect, and a crash before that is a plain retry. False: the effect
  /// counts as begun with the claim.
  [[nodiscard]] virtual bool marks_effect() const = 0;
  [[nodiscard]] virtual HandlerOutcome handle(const Attempt& attempt, EffectGate& gate) = 0;
};

/// Runs handlers for the worker without making it wait. Calls and callbacks are on the worker's loop.
class HandlerRunner {
 public:
  struct Callbacks {
    /// The handler wants to begin its effect; `proceed` must be called once.
    std::function<void(std::function<void(bool)> proceed)> on_begin_effect;
    std::function<void(AttemptReport)> on_finished;
  };
  virtual ~HandlerRunner() = default;
  [[nodiscard]] virtual bool marks_effect(const QueueName& queue) const = 0;
  /// `key` names the run until on_finished was called; the caller chooses it, unique in this process.
  virtual void start(std::uint64_t key, const QueueName& queue, Attempt attempt, Callbacks callbacks) = 0;
  /// Asks a run to stop; it still finishes.
  virtual void cancel(std::uint64_t key) = 0;
};

}  // namespace waybill
