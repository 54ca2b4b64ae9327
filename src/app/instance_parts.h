// The parts of one instance over its log: what `waybill serve` runs and --offline asks. Which adapters stand behind the
// ports is known here alone.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "app/config.h"
#include "app/store.h"
#include "base/loop.h"
#include "engine/group_commit.h"
#include "engine/handler_pool.h"
#include "engine/log_health.h"
#include "engine/node.h"
#include "engine/operations_service.h"
#include "log/shared_log.h"
#include "mail/mail_handler.h"
#include "metrics/prometheus/prometheus_metrics.h"
#include "ports/broker.h"
#include "ports/metrics.h"

namespace waybill::app {

/// What stands in the place of a part; null: the part itself. All outlive the instance.
struct Substitutes {
  MessageLog* log = nullptr;  ///< for the lane
  Handler* mail = nullptr;    ///< handles the mail queue
};

/// In the order of their making: each stands on those before it and is destroyed before them. One thread.
struct InstanceParts {
 private:
  // Outlive the store, whose threads may tell that it is lost.
  std::mutex mutex_;
  std::function<void(const Error&)> on_broken_;  // guarded by mutex_
  std::optional<Error> lost_;                    // guarded by mutex_; told before there was anybody to tell it to

 public:
  InstanceParts();

  /// First: opens the log and holds it in this name. Errors: as open_store.
  [[nodiscard]] Status open_log(const Config& config, const std::string& instance, StoreUse use = {});
  /// Then: makes what `config.instance.roles` need; nothing runs yet. `on_broken` is called, once and from a thread of
  /// the log's, if the log cannot be used any more. Errors: kPermanent, kRetry; one sentence each.
  [[nodiscard]] Status make(const Config& config, std::function<void(const Error&)> on_broken,
                            Substitutes substitutes = {});
  /// What answers questions and records; the node is started by whoever wants it to work. A log too large to be looked
  /// through for damage while it was opened is looked through at a quiet moment, ten minutes from now at the latest;
  /// damage breaks it.
  void start();
  /// After the node was started: hears what other programs tell of their commits, if that is configured.
  void hear_news(const Config& config);
  /// Joins their threads, after the node and the handlers have stopped.
  void stop();

  SystemWallClock clock;
  PrometheusMetrics metrics;
  NoMetrics no_metrics;
  Store store;
  Owner owner;
  LoopThread loop;
  std::optional<LogHealth> health;
  std::optional<LogHealth> slow_health;  ///< asked by nobody: what a stranger delays says nothing of the log
  std::optional<GroupCommit> slow_lane;  ///< of a shared log
  std::optional<GroupCommit> lane;
  std::unique_ptr<Broker> broker;
  std::optional<MailHandler> mail;      ///< of a worker
  std::optional<HandlerPool> handlers;  ///< likewise
  std::optional<Node> node;
  std::optional<OperationsService> operations;
  std::unique_ptr<CommitNews> news;

 private:
  /// False if it is to stop.
  [[nodiscard]] bool await_quiet(const std::stop_token& stop);
  void look_for_damage(const std::stop_token& stop);
  void lose_name(const Error& error);

  std::jthread checker_;
  [[nodiscard]] Status make_broker(const Config& config);
  [[nodiscard]] Status make_handlers(const Config& config, Handler* substitute);
};

}  // namespace waybill::app
