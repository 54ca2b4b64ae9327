// Intake: accepting a message. The caller is answered only after its row is durable.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ports/log_writes.h"

namespace waybill {

/// What a caller hands in. Without an id one is drawn, and `on_id` may then complete the body that carries it.
struct IntakeRequest {
  Message message;                                 ///< id empty: draw one
  std::function<Body(const MessageId&)> body_for;  ///< if set, makes the body once the id is known
  std::optional<IdempotencyKey> key;
};

class Intake {
 public:
  using Done = std::function<void(Result<AppendAnswer>)>;
  virtual ~Intake() = default;

  /// Any thread; `done` comes from the engine's loop, once, by `deadline` at the latest.
  /// Errors: kPermanent (the message is not acceptable), kOverload and kRetry (nothing was recorded: try later),
  /// kInDoubt (may have been accepted: repeat with the same id or key).
  virtual void accept(IntakeRequest request, MonoTime deadline, Done done) = 0;

  using DoneAll = std::function<void(std::vector<Result<AppendAnswer>>)>;
  /// Several at once, recorded by one flush if they fit into one; one answer each, in their order. The errors are those
  /// of `accept`, item by item; kOverload comes to all or none.
  virtual void accept_all(std::vector<IntakeRequest> requests, MonoTime deadline, DoneAll done) = 0;
};

}  // namespace waybill
