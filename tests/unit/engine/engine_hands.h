// What the engine's unit tests hold in their hands: a log lane and a broker that do nothing by themselves, and a
// counter that other threads raise.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ports/broker.h"
#include "ports/log_lane.h"
#include "testing/sim_loop.h"

namespace waybill {

/// A moment of virtual time.
inline MonoTime at_ms(std::int64_t millis) { return SimWorld::kStart + Duration{millis}; }
inline WallTime wall_ms(std::int64_t millis) { return SimWorld::kWallStart + Duration{millis}; }

/// Keeps what was submitted until the test answers it. One thread.
class HandLane final : public LogLane {
 public:
  struct Asked {
    Write write;
    MonoTime deadline;
    Done done;
  };
  void submit(Write write, MonoTime deadline, Done done) override {
    asked_.push_back({std::move(write), deadline, std::move(done)});
  }
  void submit_all(std::vector<Write> writes, MonoTime deadline, DoneAll done) override {
    auto dones = share_answers(writes.size(), std::move(done));
    for (std::size_t i = 0; i < writes.size(); ++i) submit(std::move(writes[i]), deadline, std::move(dones[i]));
  }

  /// Takes the oldest unanswered write of this type. Nothing: there is none.
  template <class T>
  [[nodiscard]] std::optional<Asked> take() {
    for (auto asked = asked_.begin(); asked != asked_.end(); ++asked) {
      if (!std::holds_alternative<T>(asked->write)) continue;
      Asked found = std::move(*asked);
      asked_.erase(asked);
      return found;
    }
    return std::nullopt;
  }
  template <class T>
  [[nodiscard]] std::size_t count() const {
    std::size_t n = 0;
    for (const Asked& asked : asked_) n += std::holds_alternative<T>(asked.write) ? 1 : 0;
    return n;
  }

 private:
  std::vector<Asked> asked_;
};

/// Writes down what is published and lets the test speak for the broker.
class HandBroker final : public Broker {
 public:
  Status declare(const Topology&) override { return ok_status(); }
  std::unique_ptr<PublishSession> open_publisher(PublishEvents& events) override {
    publish_events = &events;
    return std::make_unique<Publishing>(published);
  }
  std::unique_ptr<ConsumeSession> open_consumer(ConsumeEvents& events) override {
    consume_events = &events;
    return std::make_unique<Consuming>(acked);
  }
  [[nodiscard]] bool forgets_at_exit() const override { return false; }

  PublishEvents* publish_events = nullptr;
  std::vector<Outgoing> published;
  ConsumeEvents* consume_events = nullptr;
  std::vector<std::pair<DeliveryTag, bool>> acked;  ///< and whether with all before it

 private:
  class Publishing final : public PublishSession {
   public:
    explicit Publishing(std::vector<Outgoing>& out) : out_(out) {}
    bool publish(std::span<const Outgoing> batch) override {
      out_.insert(out_.end(), batch.begin(), batch.end());
      return true;
    }

   private:
    std::vector<Outgoing>& out_;
  };
  class Consuming final : public ConsumeSession {
   public:
    explicit Consuming(std::vector<std::pair<DeliveryTag, bool>>& acked) : acked_(acked) {}
    void subscribe(const QueueName&, int) override {}
    void cancel(const QueueName&) override {}
    void ack(DeliveryTag tag, bool multiple) override { acked_.emplace_back(tag, multiple); }
    void requeue(DeliveryTag) override {}
    void reject(DeliveryTag) override {}

   private:
    std::vector<std::pair<DeliveryTag, bool>>& acked_;
  };
};

/// Counts what other threads do, and waits for it with a deadline.
class Counter {
 public:
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    wake_.notify_all();
  }
  [[nodiscard]] int count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  /// False if it is not reached within half a minute.
  [[nodiscard]] bool reaches(int count) {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, std::chrono::seconds(30), [&] { return count_ >= count; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  int count_ = 0;
};

}  // namespace waybill
