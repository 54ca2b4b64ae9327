#include "app/offline.h"

#include <filesystem>
#include <future>
#include <optional>
#include <utility>

#include "api/http_error.h"
#include "api/routes.h"
#include "app/data_directory.h"
#include "app/store.h"
#include "app/wiring_options.h"
#include "base/loop.h"
#include "broker/inprocess/inprocess_broker.h"
#include "engine/group_commit.h"
#include "engine/log_health.h"
#include "engine/node.h"
#include "engine/operations_service.h"

namespace waybill::app {
namespace {

constexpr Duration kAnswerDeadline{10'000};
constexpr const char* kOwnName = "offline";

api::HttpMethod method_of(const std::string& method) {
  if (method == "GET") return api::HttpMethod::kGet;
  return method == "POST" ? api::HttpMethod::kPost : api::HttpMethod::kOther;
}

}  // namespace

// In the order of their making: each stands on those before it. The node is never started: it only completes the parts
// that the interface asks for, and what it would accept is refused as not ready.
struct OfflineApi::Parts {
  SystemWallClock clock;
  Store store;
  LoopThread loop;
  std::optional<LogHealth> health;
  std::optional<GroupCommit> lane;
  std::optional<InProcessBroker> broker;
  std::optional<Node> node;
  std::optional<OperationsService> operations;
  api::Router router;
};

OfflineApi::OfflineApi(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

OfflineApi::~OfflineApi() {
  parts_->operations->stop();
  parts_->lane->stop();
  parts_->loop.stop();
}

Result<std::unique_ptr<OfflineApi>> OfflineApi::open(const Config& config) {
  if (!std::filesystem::exists(config.message_log.sqlite_file)) {
    return make_error(ErrorClass::kNotFound, "there is no message log at " + config.message_log.sqlite_file +
                                                 "; name its place with --config, data.dir or message_log.url");
  }
  auto parts = std::make_unique<Parts>();
  auto store = open_store(config, parts->clock, kOwnName);
  if (!store.ok()) return store.error();
  parts->store = std::move(*store);
  parts->health.emplace(config.worker.lease, parts->clock);
  // A log that breaks answers every request with an error; there is nothing else to stop.
  parts->lane.emplace(*parts->store.log, parts->loop, *parts->health, [](const Error&) {});
  parts->broker.emplace(parts->loop);
  parts->node.emplace(Node::Parts{parts->loop, *parts->lane, *parts->health, *parts->broker, nullptr, parts->clock},
                      engine_options(config, Owner{kOwnName, draw_boot_nonce()}, parts->store.log->identity()));
  parts->operations.emplace(parts->loop, *parts->lane, *parts->health, *parts->store.reader, *parts->node);
  parts->router = api::make_router(parts->node->intake(), *parts->operations, mail_send_options(config));
  parts->loop.start();
  parts->lane->start();
  parts->operations->start();
  return std::unique_ptr<OfflineApi>(new OfflineApi(std::move(parts)));
}

OfflineReply OfflineApi::ask(const std::string& method, const std::string& target, const std::string& json) {
  const auto question = std::min(target.find('?'), target.size());
  const std::string path = target.substr(0, question);
  const std::string query = target.substr(std::min(question + 1, target.size()));
  auto matched = parts_->router.match(method_of(method), path);
  if (const auto* error = std::get_if<api::HttpError>(&matched)) {
    auto refused = api::to_response(parts_->router.form_of(path), *error);
    return {refused.status, std::move(refused.body)};
  }
  auto& match = std::get<api::Router::Match>(matched);
  api::HttpRequest request{.method = method_of(method), .path = path, .query = query, .headers = {}, .body = json};
  if (!json.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.path_values = std::move(match.path_values);
  request.deadline = std::chrono::steady_clock::now() + kAnswerDeadline;
  const auto answer = std::make_shared<std::promise<api::HttpResponse>>();
  auto waiting = answer->get_future();
  match.entry->endpoint->handle(request, [answer](api::HttpResponse got) { answer->set_value(std::move(got)); });
  if (waiting.wait_until(request.deadline) != std::future_status::ready) {
    auto late = api::to_response(match.entry->form, api::unavailable("the message log did not answer in time"));
    return {late.status, std::move(late.body)};
  }
  auto response = waiting.get();
  return {response.status, std::move(response.body)};
}

}  // namespace waybill::app
