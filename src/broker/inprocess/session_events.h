// The events of the in-process broker's sessions as values, each of which knows how to tell its listener.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "broker/inprocess/mailbox.h"
#include "ports/broker.h"

namespace waybill::inprocess {

struct PublishReady {
  void operator()(PublishEvents& to) const { to.on_publish_ready(); }
};
struct PublishBlocked {
  std::string reason;
  void operator()(PublishEvents& to) { to.on_blocked(std::move(reason)); }
};
struct Returned {
  PublishTag tag;
  int code;
  const char* text;
  void operator()(PublishEvents& to) const { to.on_returned(tag, code, text); }
};
struct Acked {
  std::vector<PublishTag> tags;
  void operator()(PublishEvents& to) { to.on_confirmed(std::move(tags), {}); }
};
using PublishMailbox = Mailbox<PublishEvents, std::variant<PublishReady, PublishBlocked, Returned, Acked>>;

struct ConsumeReady {
  void operator()(ConsumeEvents& to) const { to.on_consume_ready(); }
};
struct Delivered {
  Delivery delivery;
  void operator()(ConsumeEvents& to) { to.on_delivery(std::move(delivery)); }
};
struct Cancelled {
  QueueName queue;
  std::string reason;
  void operator()(ConsumeEvents& to) { to.on_cancelled(std::move(queue), std::move(reason)); }
};
using ConsumeMailbox = Mailbox<ConsumeEvents, std::variant<ConsumeReady, Delivered, Cancelled>>;

}  // namespace waybill::inprocess
