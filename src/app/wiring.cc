#include "app/wiring.h"

#include <unistd.h>

#include <filesystem>
#include <future>
#include <optional>
#include <utility>

#include "api/http_server.h"
#include "api/routes.h"
#include "app/config_value.h"
#include "app/data_directory.h"
#include "app/instance_parts.h"
#include "app/mail_transport.h"
#include "app/wiring_options.h"
#include "base/log.h"
#include "broker/rabbitmq/protocol/rabbitmq_url.h"

namespace waybill::app {
namespace {

// Beyond the grace, for giving back what has not begun (engine/node.cc) and its commits.
constexpr Duration kAfterGrace{5'000};

}  // namespace

// In the order of their making: each stands on those before it and is destroyed before them.
struct Wiring::Parts {
  Config config;
  InstanceParts instance;
  std::optional<api::HttpServer> http;
  bool node_started = false;

  Status open_data();
  api::Router make_router();
  Stopped drain_node(MonoTime deadline);
};

Status Wiring::Parts::open_data() {
  if (Status prepared = prepare_directory(config.data.dir); !prepared.ok()) return prepared;
  if (!config.message_log.shared()) {
    const std::filesystem::path database = config.message_log.sqlite_file;
    const std::string folder = database.has_parent_path() ? database.parent_path().string() : ".";
    if (Status prepared = prepare_directory(folder); !prepared.ok()) return prepared;
  }
  auto file = InstanceFile::read(config.data.dir);
  if (!file.ok()) return file.error();
  const std::string& name = config.instance.name.empty() ? file->name() : config.instance.name;
  const auto admit = [&file](const std::string& identity, std::int64_t boot_number) {
    return file->refuse_older_copy({identity, boot_number});
  };
  if (Status opened = instance.open_log(config, name, {admit}); !opened.ok()) return opened;
  return file->record({instance.store.log->identity(), instance.store.boot_number});
}

api::Router Wiring::Parts::make_router() {
  if (!config.instance.roles.api) return api::make_health_router(*instance.operations, instance.metrics);
  return api::make_router(instance.node->intake(), *instance.operations, mail_send_options(config), &instance.metrics);
}

Wiring::Wiring(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Wiring::~Wiring() = default;

Result<std::unique_ptr<Wiring>> Wiring::build(const Config& config, std::function<void(const Error&)> on_broken) {
  auto parts = std::make_unique<Parts>();
  parts->config = config;
  if (Status opened = parts->open_data(); !opened.ok()) return opened.error();
  if (Status made = parts->instance.make(config, std::move(on_broken)); !made.ok()) return made.error();
  parts->http.emplace(http_options(config), parts->make_router());
  return std::unique_ptr<Wiring>(new Wiring(std::move(parts)));
}

Status Wiring::start() {
  Parts& parts = *parts_;
  parts.instance.start();
  // An address that cannot be served is found before any message is touched; until the node is ready, requests are
  // answered 503.
  if (Status listening = parts.http->start(); !listening.ok()) return listening;
  if (Status started = parts.instance.node->start(); !started.ok()) return started;
  parts.node_started = true;
  parts.instance.hear_news(parts.config);
  log_event(LogLevel::kInfo, "serve", "started",
            {{"version", WAYBILL_VERSION},
             {"instance", to_string(parts.instance.owner)},
             {"roles", format_roles(parts.config.instance.roles)},
             {"pid", ::getpid()},
             {"port", port()},
             {"boot", parts.instance.store.boot_number},
             {"log", place_of(parts.config.message_log)},
             {"broker", parts.config.broker.in_process() ? "inprocess" : mask_password(parts.config.broker.url)},
             {"mail", place_of(parts.config.mail)}});
  return ok_status();
}

std::uint16_t Wiring::port() const { return parts_->http->bound_port(); }

Wiring::Stopped Wiring::stop(MonoTime deadline) {
  Parts& parts = *parts_;
  parts.http->stop();
  const Stopped stopped = parts.node_started ? parts.drain_node(deadline) : Stopped{true, 0};
  if (auto& handlers = parts.instance.handlers) {
    if (stopped.handlers_ended) {
      handlers->stop();
    } else {
      handlers->abandon();
    }
  }
  parts.instance.stop();
  return stopped;
}

Wiring::Stopped Wiring::Parts::drain_node(MonoTime deadline) {
  const auto drained = std::make_shared<std::promise<void>>();
  instance.node->begin_stop(deadline, [drained] { drained->set_value(); });
  const bool in_order = drained->get_future().wait_until(deadline + kAfterGrace) == std::future_status::ready;
  if (!in_order) return {!instance.handlers, std::nullopt};
  const Node::Left left = instance.node->left();
  return {!left.handlers, left.attempts};
}

}  // namespace waybill::app
