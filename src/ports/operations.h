// What an operator may ask and do. The HTTP interface and the command line stand on this.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ports/message_log.h"

namespace waybill {

struct MessageDetail {
  Row row;
  std::vector<MessageEvent> events;
};

/// Is this instance able to do its work?
struct Readiness {
  bool ready = false;
  std::string reason;  ///< why not; empty when ready
};

class Operations {
 public:
  template <class T>
  using Done = std::function<void(Result<T>)>;
  virtual ~Operations() = default;

  // Any thread; `done` is called once, on a thread of the service, by its own deadline (5 s) at the latest.
  // Errors: kNotFound, kConflict (the state forbids it; the message says which state and what would be possible),
  // kRetry and kOverload (the log does not answer), kInDoubt (it may have been done: look, or repeat).
  virtual void find(const MessageId& id, bool with_body, Done<MessageDetail> done) = 0;
  virtual void list(const ListFilter& filter, Done<std::vector<Row>> done) = 0;
  virtual void stats(Done<LogStats> done) = 0;
  virtual void replay(const MessageId& id, bool again, Done<State> done) = 0;
  virtual void cancel(const MessageId& id, Done<State> done) = 0;
  virtual void resolve(const MessageId& id, bool happened, Done<State> done) = 0;

  [[nodiscard]] virtual Readiness readiness() const = 0;
};

}  // namespace waybill
