// The events of one session on their way to its listener: put in by any thread, handed over on the loop, in their order
// and never from inside a call. However many events there are, at most one task of the loop waits for them.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "base/loop.h"

namespace waybill::inprocess {

/// `Event` is a variant of callables that take the listener. Made by std::make_shared: a task on the loop may outlive
/// the session. The loop must outlive the mailbox.
template <class Listener, class Event>
class Mailbox final : public std::enable_shared_from_this<Mailbox<Listener, Event>> {
 public:
  Mailbox(Loop& loop, Listener& listener) : loop_(loop), listener_(listener) {}

  void put(Event event) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(event));
      if (scheduled_) return;
      scheduled_ = true;
    }
    loop_.post([self = this->shared_from_this()] { self->hand_over(); });
  }

  /// After it returns the listener hears nothing more: an event that another thread is handing over is awaited. May be
  /// called by the listener itself.
  void close() {
    const std::lock_guard lock(handing_over_);
    closed_ = true;
  }

 private:
  void hand_over() {
    std::vector<Event> batch;
    {
      const std::lock_guard lock(mutex_);
      batch.swap(waiting_);
      scheduled_ = false;
    }
    const std::lock_guard lock(handing_over_);
    for (Event& event : batch) {
      if (closed_) return;
      std::visit([this](auto& what) { what(listener_); }, event);
    }
  }

  Loop& loop_;
  Listener& listener_;

  std::mutex mutex_;
  std::vector<Event> waiting_;  // guarded by mutex_
  bool scheduled_ = false;      // guarded by mutex_

  std::recursive_mutex handing_over_;  // recursive: a listener may close its session
  bool closed_ = false;                // guarded by handing_over_
};

}  // namespace waybill::inprocess
