// Publishes what may be refused on a channel of its own, one at a time: the first message to an exchange that has not
// proven itself, and messages that were in flight when a publish closed the other channel. A refusal closes this
// channel only, and only one message can have been meant. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "broker/rabbitmq/protocol/confirm_ring.h"
#include "broker/rabbitmq/protocol/connection_role.h"
#include "broker/rabbitmq/protocol/content.h"
#include "broker/rabbitmq/protocol/methods.h"
#include "ports/broker.h"

namespace waybill::rabbitmq {

class TrialLane {
 public:
  struct Verdict {
    enum class Kind {
      kAcked,    ///< perhaps after a return, which `code` and `text` tell
      kNacked,   ///< the broker could not keep it
      kRefused,  ///< `code` and `text` say why
      kUnheard,  ///< no answer came in time: in doubt
    };
    Kind kind = Kind::kUnheard;
    Outgoing message;
    int code = 0;
    std::string text;
    bool forgotten = false;  ///< nobody asks for the message any more
  };

  TrialLane(std::uint16_t channel, Duration deadline) : channel_(channel), deadline_after_(deadline) {}

  void offer(Outgoing message) { waiting_.push_back(std::move(message)); }
  /// A frame of this channel. What it brought out, if that is the case.
  [[nodiscard]] std::optional<Verdict> on_frame(const Frame& frame, MonoTime now, Turn& turn);
  [[nodiscard]] std::optional<Verdict> on_tick(MonoTime now, Turn& turn);
  /// Publishes the next one, if that is possible: after each verdict has been heeded.
  void go_on(MonoTime now, Turn& turn);
  /// Those that wait and that `matches`, in their order.
  template <class Matches>
  [[nodiscard]] std::vector<Outgoing> take_waiting(const Matches& matches) {
    std::vector<Outgoing> taken;
    std::deque<Outgoing> kept;
    for (Outgoing& message : waiting_) {
      if (matches(message)) {
        taken.push_back(std::move(message));
      } else {
        kept.push_back(std::move(message));
      }
    }
    waiting_ = std::move(kept);
    return taken;
  }
  /// Nothing that was offered is asked for any more; what is under way may still tell about its exchange.
  void abandon() {
    waiting_.clear();
    forgotten_ = true;
  }

  void set_frame_max(std::size_t frame_max) { frame_max_ = frame_max; }
  void on_blocked() { blocked_ = true; }
  void on_unblocked(MonoTime now);
  [[nodiscard]] std::size_t size() const { return waiting_.size() + (on_trial_ ? 1 : 0); }
  [[nodiscard]] std::optional<MonoTime> next_deadline() const;
  void reset();

 private:
  enum class State { kClosed, kOpening, kReady, kClosing };
  [[nodiscard]] std::optional<Verdict> on_method(Method method, MonoTime now, Turn& turn);
  [[nodiscard]] std::optional<Verdict> on_answer(std::uint64_t number, bool multiple, Verdict::Kind kind, Turn& turn);
  [[nodiscard]] Verdict verdict(Verdict::Kind kind, int code = 0, std::string text = {});

  const std::uint16_t channel_;
  const Duration deadline_after_;
  std::size_t frame_max_ = kFrameMin;
  State state_ = State::kClosed;
  bool blocked_ = false;
  std::deque<Outgoing> waiting_;
  std::optional<Outgoing> on_trial_;
  bool forgotten_ = false;  // on_trial_ is
  ConfirmRing ring_;
  ContentAssembler returned_{0, 0};
  int return_code_ = 0;
  std::string return_text_;
  MonoTime deadline_;
};

}  // namespace waybill::rabbitmq
