#include "app/instance_parts.h"

#include <unistd.h>

#include <condition_variable>
#include <utility>

#include "app/data_directory.h"
#include "app/mail_transport.h"
#include "app/quiet_moment.h"
#include "app/shared_logs.h"
#include "app/wiring_options.h"
#include "base/fail_stop.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "broker/inprocess/inprocess_broker.h"
#include "broker/rabbitmq/rabbitmq_broker.h"

namespace waybill::app {
namespace {

constexpr int kLowestPriority = 19;

EngineFaults planted_faults() {
  EngineFaults faults;
  faults.ack_before_commit = fault_active("ack_before_commit");
  return faults;
}

}  // namespace

InstanceParts::InstanceParts() : metrics({WAYBILL_VERSION, clock.now()}) {}

Status InstanceParts::open_log(const Config& config, const std::string& instance, StoreUse use) {
  owner = {instance, draw_boot_nonce()};
  use.on_lost = [this](const Error& error) { lose_name(error); };
  auto opened = open_store(config, clock, owner, use);
  if (!opened.ok()) return opened.error();
  store = std::move(*opened);
  return ok_status();
}

void InstanceParts::lose_name(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!on_broken_) {
    lost_ = error;
  } else {
    on_broken_(error);
  }
}

Status InstanceParts::make(const Config& config, std::function<void(const Error&)> on_broken, Substitutes substitutes) {
  {
    const std::lock_guard lock(mutex_);
    if (lost_) return *lost_;
    on_broken_ = on_broken;
  }
  health.emplace(config.worker.lease, clock);
  MessageLog& log = substitutes.log != nullptr ? *substitutes.log : *store.log;
  if (store.slow_log) {
    slow_health.emplace(config.worker.lease, clock);
    slow_lane.emplace(*store.slow_log, loop, *slow_health, no_metrics, on_broken, FlushLimits{},
                      GroupCommit::Role{.asks_again = true});
  }
  lane.emplace(log, loop, *health, metrics, std::move(on_broken), FlushLimits{},
               GroupCommit::Role{.slow = slow_lane ? &*slow_lane : nullptr});
  if (Status made = make_broker(config); !made.ok()) return made;
  if (config.instance.roles.worker) {
    if (Status made = make_handlers(config, substitutes.mail); !made.ok()) return made;
  }
  EngineOptions options = engine_options(config, owner, store.log->identity());
  options.former_boot_is_dead = store.former_boot_is_dead;
  node.emplace(Node::Parts{loop, *lane, *health, *broker, handlers ? &*handlers : nullptr, clock, metrics},
               std::move(options), planted_faults());
  operations.emplace(loop, *lane, *health, *store.reader, *node);
  return ok_status();
}

Status InstanceParts::make_broker(const Config& config) {
  if (config.broker.in_process()) {
    broker = std::make_unique<InProcessBroker>(loop);
    return ok_status();
  }
  auto made = RabbitMqBroker::make(rabbitmq_options(config, owner));
  if (!made.ok()) return made.error();
  broker = std::move(*made);
  return ok_status();
}

Status InstanceParts::make_handlers(const Config& config, Handler* substitute) {
  Handler* handler = substitute;
  if (handler == nullptr) {
    auto exit = open_mail_exit(config, clock);
    if (!exit.ok()) return exit.error();
    metrics.watch_relays(std::move(exit->look_at_relays));
    handler = &mail.emplace(mail_options(config), std::move(exit->transport), clock);
  }
  handlers.emplace(loop, std::map<QueueName, Handler*>{{config.mail.queue, handler}}, config.worker.max_concurrency);
  return ok_status();
}

void InstanceParts::start() {
  loop.start();
  if (slow_lane) slow_lane->start();
  lane->start();
  operations->start();
  if (!store.check) return;
  checker_ = std::jthread(
      [this](const std::stop_token& stop) { run_or_abort("damage check", [&] { look_for_damage(stop); }); });
}

// Messages go first: a check reads the whole file through the same caches.
bool InstanceParts::await_quiet(const std::stop_token& stop) {
  QuietMoment moment(loop.now());
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    if (moment.come(lane->flushes(), loop.now())) return true;
    never.wait_for(lock, stop, QuietMoment::kQuietLook, [] { return false; });
  }
  return false;
}

void InstanceParts::hear_news(const Config& config) {
  if (!config.message_log.notify || !config.instance.roles.relay) return;
  news = kind_of(config.message_log).hear_news(shared_log_options(config.message_log), [this] { node->hint(); });
}

void InstanceParts::look_for_damage(const std::stop_token& stop) {
  if (!await_quiet(stop)) return;
  // On Linux this is the thread's own priority; where it cannot be lowered, the check is only dearer.
  static_cast<void>(::nice(kLowestPriority));
  const auto checked = store.check(stop);
  if (checked.ok()) return;
  if (checked.error().what == ErrorClass::kPermanent) {
    const std::lock_guard lock(mutex_);
    return on_broken_(checked.error());
  }
  log_event(LogLevel::kWarning, "log", "the message log could not be looked through for damage",
            {{"error", checked.error().message}});
}

void InstanceParts::stop() {
  news.reset();
  checker_ = {};  // asks it to end, and waits
  operations->stop();
  lane->stop();
  if (slow_lane) slow_lane->stop();
  loop.stop();
}

}  // namespace waybill::app
