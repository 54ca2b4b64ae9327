// Listeners that write down what a session tells them and watch the rules on events. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "ports/broker.h"
#include "tests/contract/broker_harness.h"

namespace waybill::contract {

/// Marks the time during which this thread is inside a call on a session, in which no event may come.
class InsideCall {
 public:
  InsideCall();
  ~InsideCall();
  InsideCall(const InsideCall&) = delete;
  InsideCall& operator=(const InsideCall&) = delete;
};

/// What both listeners share.
class EventWatch {
 public:
  explicit EventWatch(BrokerHarness& harness) : harness_(harness) {}
  /// The session was destroyed: from now on every event is a violation.
  void session_destroyed() { destroyed_ = true; }

 protected:
  ~EventWatch() = default;
  /// Every event goes through here.
  void hear(const char* event, const std::function<void()>& note);

  mutable std::mutex mutex_;

 private:
  BrokerHarness& harness_;
  std::atomic<bool> destroyed_{false};
  std::atomic<bool> telling_{false};
};

/// One thing a publishing session told.
struct PublishNote {
  enum class Kind { kReady, kBlocked, kDown, kReturned, kAcked, kNacked };
  Kind kind;
  PublishTag tag = 0;
  int code = 0;
  std::string text;
};

class PublishListener final : public PublishEvents, public EventWatch {
 public:
  using EventWatch::EventWatch;

  [[nodiscard]] std::vector<PublishNote> notes() const;
  [[nodiscard]] std::size_t count(PublishNote::Kind kind) const;
  [[nodiscard]] std::size_t count(PublishNote::Kind kind, PublishTag tag) const;

  void on_publish_ready() override;
  void on_blocked(std::string reason) override;
  void on_publish_down(std::string reason) override;
  void on_returned(PublishTag tag, int code, std::string text) override;
  void on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag> nacked) override;

 private:
  void note(const char* event, PublishNote what);
  std::vector<PublishNote> notes_;  // guarded by mutex_
};

/// One thing a consuming session told.
struct ConsumeNote {
  enum class Kind { kReady, kDelivery, kCancelled, kDown };
  Kind kind;
  Delivery delivery;
  QueueName queue;
};

class ConsumeListener final : public ConsumeEvents, public EventWatch {
 public:
  using EventWatch::EventWatch;

  [[nodiscard]] std::vector<ConsumeNote> notes() const;
  [[nodiscard]] std::vector<Delivery> deliveries() const;
  [[nodiscard]] std::size_t count(ConsumeNote::Kind kind) const;

  void on_consume_ready() override;
  void on_delivery(Delivery delivery) override;
  void on_cancelled(QueueName queue, std::string reason) override;
  void on_consume_down(std::string reason) override;

 private:
  void note(const char* event, ConsumeNote what);
  std::vector<ConsumeNote> notes_;  // guarded by mutex_
};

}  // namespace waybill::contract
