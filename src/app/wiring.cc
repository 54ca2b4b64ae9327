#include "app/wiring.h"

#include <filesystem>
#include <future>
#include <optional>
#include <utility>

#include "api/http_server.h"
#include "api/routes.h"
#include "app/data_directory.h"
#include "app/store.h"
#include "app/wiring_options.h"
#include "base/log.h"
#include "base/loop.h"
#include "broker/inprocess/inprocess_broker.h"
#include "engine/group_commit.h"
#include "engine/handler_pool.h"
#include "engine/log_health.h"
#include "engine/node.h"
#include "engine/operations_service.h"
#include "mail/journal.h"
#include "mail/mail_handler.h"
#include "mail/maildir.h"

namespace waybill::app {
namespace {

// Beyond the grace, for giving back what has not begun (engine/node.cc) and its commits.
constexpr Duration kAfterGrace{5'000};

Result<std::unique_ptr<MailTransport>> open_transport(const MailConfig& config, const WallClock& clock) {
  auto maildir = Maildir::open(config.maildir);
  if (!maildir.ok()) return maildir.error();
  std::unique_ptr<MailTransport> transport = std::move(*maildir);
  if (config.journal.empty()) return transport;
  auto journal = JournalTransport::open(config.journal, std::move(transport), clock);
  if (!journal.ok()) return journal.error();
  return std::unique_ptr<MailTransport>(std::move(*journal));
}

}  // namespace

// In the order of their making: each stands on those before it and is destroyed before them.
struct Wiring::Parts {
  Config config;
  std::function<void(const Error&)> on_broken;
  SystemWallClock clock;
  Store store;
  Owner owner;
  LoopThread loop;
  std::optional<LogHealth> health;
  std::optional<GroupCommit> lane;
  std::optional<InProcessBroker> broker;
  std::optional<MailHandler> mail;
  std::optional<HandlerPool> handlers;
  std::optional<Node> node;
  std::optional<OperationsService> operations;
  std::optional<api::HttpServer> http;
  bool node_started = false;

  Status open_data();
  Status build_engine();
  /// True if every handler has ended.
  bool drain_node(MonoTime deadline);
};

Status Wiring::Parts::open_data() {
  if (Status prepared = prepare_directory(config.data.dir); !prepared.ok()) return prepared;
  const std::filesystem::path database = config.message_log.sqlite_file;
  const std::string folder = database.has_parent_path() ? database.parent_path().string() : ".";
  if (Status prepared = prepare_directory(folder); !prepared.ok()) return prepared;
  auto file = InstanceFile::read(config.data.dir);
  if (!file.ok()) return file.error();
  owner = {config.instance.name.empty() ? file->name() : config.instance.name, draw_boot_nonce()};
  auto opened = open_store(config, clock, owner.instance);
  if (!opened.ok()) return opened.error();
  store = std::move(*opened);
  return file->record({store.log->identity(), store.log->boot_number()});
}

Status Wiring::Parts::build_engine() {
  auto transport = open_transport(config.mail, clock);
  if (!transport.ok()) return transport.error();
  health.emplace(config.worker.lease, clock);
  lane.emplace(*store.log, loop, *health, on_broken);
  broker.emplace(loop);
  mail.emplace(mail_options(config), std::move(*transport), clock);
  handlers.emplace(loop, std::map<QueueName, Handler*>{{config.mail.queue, &*mail}}, config.worker.max_concurrency);
  node.emplace(Node::Parts{loop, *lane, *health, *broker, &*handlers, clock},
               engine_options(config, owner, store.log->identity()));
  operations.emplace(loop, *lane, *health, *store.reader, *node);
  http.emplace(http_options(config), api::make_router(node->intake(), *operations, mail_send_options(config)));
  return ok_status();
}

Wiring::Wiring(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Wiring::~Wiring() = default;

Result<std::unique_ptr<Wiring>> Wiring::build(const Config& config, std::function<void(const Error&)> on_broken) {
  auto parts = std::make_unique<Parts>();
  parts->config = config;
  parts->on_broken = std::move(on_broken);
  if (Status opened = parts->open_data(); !opened.ok()) return opened.error();
  if (Status built = parts->build_engine(); !built.ok()) return built.error();
  return std::unique_ptr<Wiring>(new Wiring(std::move(parts)));
}

Status Wiring::start() {
  Parts& parts = *parts_;
  parts.loop.start();
  parts.lane->start();
  parts.operations->start();
  // An address that cannot be served is found before any message is touched; until the node is ready, requests are
  // answered 503.
  if (Status listening = parts.http->start(); !listening.ok()) return listening;
  if (Status started = parts.node->start(); !started.ok()) return started;
  parts.node_started = true;
  log_event(LogLevel::kInfo, "serve", "started",
            {{"instance", to_string(parts.owner)},
             {"boot", parts.store.log->boot_number()},
             {"log", parts.config.message_log.sqlite_file}});
  return ok_status();
}

std::uint16_t Wiring::port() const { return parts_->http->bound_port(); }

bool Wiring::stop(MonoTime deadline) {
  Parts& parts = *parts_;
  parts.http->stop();
  const bool all_ended = !parts.node_started || parts.drain_node(deadline);
  if (all_ended) {
    parts.handlers->stop();
  } else {
    parts.handlers->abandon();
  }
  parts.operations->stop();
  parts.lane->stop();
  parts.loop.stop();
  return all_ended;
}

bool Wiring::Parts::drain_node(MonoTime deadline) {
  const auto drained = std::make_shared<std::promise<void>>();
  node->begin_stop(deadline, [drained] { drained->set_value(); });
  const bool in_order = drained->get_future().wait_until(deadline + kAfterGrace) == std::future_status::ready;
  // Only a drain that ended before its deadline has waited for every handler.
  return in_order && std::chrono::steady_clock::now() < deadline;
}

}  // namespace waybill::app
