// One queue of a broker in memory: what waits in it, in its order, and whether it is full. Pure; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "core/message.h"
#include "ports/broker.h"

namespace waybill::inprocess {

/// What is carried. Shared by all queues and deliveries of one publish.
struct Content {
  Route route;
  std::string id;
  std::string content_type;
  Headers headers;
  Body body;

  /// About what it occupies; counted against a queue's bound.
  [[nodiscard]] std::size_t bytes() const;
};
using ContentPtr = std::shared_ptr<const Content>;

/// One message in one queue.
struct QueueEntry {
  std::uint64_t position = 0;  ///< its place in the queue, kept when it is put back
  ContentPtr content;
  bool redelivered = false;
};

/// Counts everything it holds, waiting or delivered and not yet settled, because both occupy memory. It never refuses
/// a message: once full it says so, until it has drained to four fifths of each bound, and its owner stops publishing.
class MessageQueue {
 public:
  MessageQueue(QueueDeclaration declaration, std::size_t max_bytes);

  [[nodiscard]] const QueueDeclaration& declaration() const { return declaration_; }
  [[nodiscard]] bool full() const { return full_; }
  /// True if it can take this and still not be full.
  [[nodiscard]] bool has_room_for(const Content& content) const;
  [[nodiscard]] bool has_waiting() const { return !waiting_.empty(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::size_t messages() const { return messages_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  void push(ContentPtr content, bool redelivered = false);
  /// The first that waits; there must be one. Still counted until it is settled or put back.
  [[nodiscard]] QueueEntry take();
  /// Waits again, marked as redelivered, in its old place.
  void put_back(QueueEntry entry);
  /// An entry that was taken is gone for good.
  void settle(const QueueEntry& entry);
  /// Drops what waits; returns how many.
  std::size_t purge();

 private:
  [[nodiscard]] bool reaches_bound(std::size_t messages, std::size_t bytes) const;
  void discount(const Content& content);

  QueueDeclaration declaration_;
  std::size_t max_bytes_;
  std::deque<QueueEntry> waiting_;  // ascending position
  std::uint64_t next_position_ = 0;
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
  bool full_ = false;
};

}  // namespace waybill::inprocess
