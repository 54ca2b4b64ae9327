#include "broker/rabbitmq/protocol/topology_run.h"

#include <utility>

namespace waybill::rabbitmq {
namespace {

constexpr int kAccessRefused = 403;
constexpr int kNotFound = 404;
constexpr int kLocked = 405;
constexpr int kPreconditionFailed = 406;
/// What is being removed by somebody else may still be found by its declaration, and be missing for its binding, as
/// long as the removal takes.
constexpr int kRoundsMax = 10;

std::string exchange_called(const std::string& name) { return "exchange '" + name + "'"; }
std::string queue_called(const std::string& name) { return "queue '" + name + "'"; }

/// What the broker says of it, without the name of the error.
std::string difference(const std::string& text) {
  constexpr std::string_view kName = "PRECONDITION_FAILED - ";
  return text.starts_with(kName) ? text.substr(kName.size()) : text;
}

Status check_name(const char* kind, const std::string& name) {
  if (!name.empty() && name.size() <= kShortStringMax) return ok_status();
  return make_error(ErrorClass::kPermanent, std::string(kind) + " '" + name + "': a name has 1 to " +
                                                std::to_string(kShortStringMax) + " bytes");
}

Status check_binding(const Binding& binding) {
  if (binding.route.exchange.size() > kShortStringMax || binding.route.routing_key.size() > kShortStringMax) {
    return make_error(ErrorClass::kPermanent, "binding of queue '" + binding.queue.value + "': too long a name");
  }
  if (binding.route.exchange.empty() && binding.route.routing_key != binding.queue.value) {
    return make_error(ErrorClass::kPermanent,
                      "the default exchange leads to the queue that the key names and takes no other binding");
  }
  return ok_status();
}

}  // namespace

Status check_topology(const Topology& topology) {
  for (const std::string& exchange : topology.exchanges) {
    if (auto checked = check_name("exchange", exchange); !checked.ok()) return checked;
  }
  for (const QueueDeclaration& queue : topology.queues) {
    if (auto checked = check_name("queue", queue.name.value); !checked.ok()) return checked;
    if (!queue.dead_letter) continue;
    const Route& dead = *queue.dead_letter;
    if (dead.exchange.size() > kShortStringMax || dead.routing_key.size() > kShortStringMax) {
      return make_error(ErrorClass::kPermanent, "queue '" + queue.name.value + "': too long a dead-letter route");
    }
  }
  for (const Binding& binding : topology.bindings) {
    if (auto checked = check_name("queue", binding.queue.value); !checked.ok()) return checked;
    if (auto checked = check_binding(binding); !checked.ok()) return checked;
  }
  return ok_status();
}

void TopologyRun::start(Topology topology, Done done, MonoTime now, Turn& turn) {
  topology_ = std::move(topology);
  rounds_ = 0;
  done_ = std::move(done);
  if (auto checked = check_topology(topology_); !checked.ok()) return finish(checked, now, turn);
  begin(now, turn);
}

void TopologyRun::begin(MonoTime now, Turn& turn) {
  ++rounds_;
  step_ = 0;
  notes_.clear();
  next(now, turn);
}

void TopologyRun::next(MonoTime now, Turn& turn) {
  std::size_t i = step_++;
  if (i < topology_.exchanges.size()) return declare_exchange(topology_.exchanges[i], now, turn);
  i -= topology_.exchanges.size();
  if (i < topology_.queues.size()) return declare_queue(topology_.queues[i], now, turn);
  i -= topology_.queues.size();
  if (i < topology_.bindings.size()) return bind(topology_.bindings[i], now, turn);
  finish(ok_status(), now, turn);
}

void TopologyRun::ask(std::string what, std::function<void(std::string&, std::uint16_t)> encode,
                      std::function<void(const Close&, MonoTime, Turn&)> refused, MonoTime now, Turn& turn) {
  const auto done = [this, refused = std::move(refused)](const RpcLane::Answer& answer, MonoTime at, Turn& then) {
    if (const auto* close = std::get_if<Close>(&answer)) return refused(*close, at, then);
    next(at, then);
  };
  lane_.ask({std::move(what), std::move(encode), done}, now, turn);
}

void TopologyRun::declare_exchange(const std::string& exchange, MonoTime now, Turn& turn) {
  const auto encode = [exchange](bool passive) {
    return [exchange, passive](std::string& out, std::uint16_t channel) {
      encode_exchange_declare(out, channel, exchange, passive);
    };
  };
  const auto refused = [this, exchange, encode](const Close& close, MonoTime at, Turn& then) {
    if (close.code == kAccessRefused) return take_as_it_is(exchange_called(exchange), encode(true), at, then);
    refuse(exchange_called(exchange), close, at, then);
  };
  ask("declaring " + exchange_called(exchange), encode(false), refused, now, turn);
}

void TopologyRun::declare_queue(const QueueDeclaration& queue, MonoTime now, Turn& turn) {
  const auto encode = [queue, type = type_](std::string& out, std::uint16_t channel) {
    encode_queue_declare(out, channel, queue, type);
  };
  const auto refused = [this, name = queue.name.value](const Close& close, MonoTime at, Turn& then) {
    if (close.code != kAccessRefused) return refuse(queue_called(name), close, at, then);
    const auto ask_for_it = [name](std::string& out, std::uint16_t channel) {
      encode_queue_declare_passive(out, channel, name);
    };
    take_as_it_is(queue_called(name), ask_for_it, at, then);
  };
  ask("declaring " + queue_called(queue.name.value), encode, refused, now, turn);
}

void TopologyRun::bind(const Binding& binding, MonoTime now, Turn& turn) {
  if (binding.route.exchange.empty()) return next(now, turn);  // it leads there already
  const std::string what = "binding " + queue_called(binding.queue.value) + " to " +
                           exchange_called(binding.route.exchange) + " by key '" + binding.route.routing_key + "'";
  const auto encode = [binding](std::string& out, std::uint16_t channel) { encode_queue_bind(out, channel, binding); };
  const auto refused = [this, what](const Close& close, MonoTime at, Turn& then) {
    if (close.code == kNotFound && rounds_ < kRoundsMax) return begin(at, then);
    if (close.code != kAccessRefused) return refuse(what, close, at, then);
    // Whether it is bound no client can ask; what leads nowhere is returned, and seen.
    notes_.push_back("no right for " + what + ": it is taken for granted");
    next(at, then);
  };
  ask(what, encode, refused, now, turn);
}

void TopologyRun::take_as_it_is(const std::string& thing, std::function<void(std::string&, std::uint16_t)> encode,
                                MonoTime now, Turn& turn) {
  notes_.push_back("no right to declare " + thing + ": it is taken as it is");
  const auto refused = [this, thing](const Close& close, MonoTime at, Turn& then) {
    const std::string said = std::to_string(close.code) + " " + close.text;
    finish(make_error(ErrorClass::kPermanent,
                      "the broker's user has no right to declare " + thing + ", and it cannot be used as it is (" +
                          said + "): give the right (configure), or declare it for this user",
                      std::to_string(close.code)),
           at, then);
  };
  ask("asking for " + thing, std::move(encode), refused, now, turn);
}

void TopologyRun::refuse(const std::string& thing, const Close& close, MonoTime now, Turn& turn) {
  const std::string code = std::to_string(close.code);
  if (close.code == kPreconditionFailed) {
    return finish(make_error(ErrorClass::kConflict,
                             thing + " exists with other properties: " + difference(close.text) +
                                 "; remove it, or configure it as it is or under another name",
                             code),
                  now, turn);
  }
  const ErrorClass what = close.code == kNotFound ? ErrorClass::kNotFound
                          : close.code == kLocked ? ErrorClass::kRetry
                                                  : ErrorClass::kPermanent;
  finish(make_error(what, thing + " was refused by the broker: " + code + " " + close.text, code), now, turn);
}

void TopologyRun::finish(const Status& outcome, MonoTime now, Turn& turn) {
  const Done done = std::exchange(done_, nullptr);
  const auto notes = std::exchange(notes_, {});
  done(outcome, notes, now, turn);
}

void TopologyRun::reset() { done_ = nullptr; }

}  // namespace waybill::rabbitmq
