// The broker of the embedded default: exchanges, queues and bindings in this process's memory. Nothing survives the
// process; after a restart the log drives every unfinished row again.
#pragma once

#include <cstddef>
#include <memory>

#include "base/loop.h"
#include "ports/broker.h"

namespace waybill {

namespace inprocess {
struct SharedState;
}

struct InProcessOptions {
  /// Of every queue, beside its own max_messages: a queue that holds more signals *blocked*.
  std::size_t max_queue_bytes = std::size_t{64} * 1024 * 1024;
};

/// Thread-safe; sessions may be used from different threads, each from one at a time. Events are handed over by tasks
/// on `loop`, the confirms of one `publish` as one event; destroying a session waits for an event that is being handed
/// over on another thread. The loop must outlive the broker and its sessions; a session may outlive its broker.
///
/// Where the port leaves room:
/// - A publish to a missing exchange is returned with 404, one that reaches no queue with 312; the ack follows.
/// - A full queue blocks all publishers. The call that fills it is still taken whole, so a queue exceeds its bounds by
///   one batch at the most. Waiting and unacknowledged messages count; *ready* comes at four fifths of the bounds.
/// - Subscribing to a queue that does not exist is answered by `on_cancelled`.
/// - A session never goes down by itself. The epoch of its delivery tags is its own: tags of another session are
///   ignored, and so are those that were answered before.
/// - What is requeued, or was not acknowledged when its session closed, comes again in its old place in the queue.
class InProcessBroker final : public Broker {
 public:
  explicit InProcessBroker(Loop& loop, InProcessOptions options = {});
  ~InProcessBroker() override;

  [[nodiscard]] Status declare(const Topology& topology) override;
  [[nodiscard]] std::unique_ptr<PublishSession> open_publisher(PublishEvents& events) override;
  [[nodiscard]] std::unique_ptr<ConsumeSession> open_consumer(ConsumeEvents& events) override;
  [[nodiscard]] bool forgets_at_exit() const override { return true; }

 private:
  std::shared_ptr<inprocess::SharedState> state_;
};

}  // namespace waybill
