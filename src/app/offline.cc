#include "app/offline.h"

#include <filesystem>
#include <future>
#include <utility>

#include "api/http_error.h"
#include "api/routes.h"
#include "app/data_directory.h"
#include "app/instance_parts.h"
#include "app/wiring_options.h"

namespace waybill::app {
namespace {

constexpr Duration kAnswerDeadline{10'000};
constexpr const char* kOwnName = "offline";

api::HttpMethod method_of(const std::string& method) {
  if (method == "GET") return api::HttpMethod::kGet;
  return method == "POST" ? api::HttpMethod::kPost : api::HttpMethod::kOther;
}

}  // namespace

// An instance without roles, whose node is never started: it only completes the parts that the interface asks for, and
// what it would accept is refused as not ready.
struct OfflineApi::Parts {
  InstanceParts instance;
  api::Router router;
};

OfflineApi::OfflineApi(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

OfflineApi::~OfflineApi() { parts_->instance.stop(); }

Result<std::unique_ptr<OfflineApi>> OfflineApi::open(const Config& config) {
  if (!config.message_log.shared() && !std::filesystem::exists(config.message_log.sqlite_file)) {
    return make_error(ErrorClass::kNotFound, "there is no message log at " + config.message_log.sqlite_file +
                                                 "; name its place with --config, data.dir or message_log.url");
  }
  Config idle = config;
  idle.instance.roles = {};
  auto parts = std::make_unique<Parts>();
  InstanceParts& instance = parts->instance;
  // Looking at a log, or changing one row of it, is no boot; yet nothing is changed in a copy that is too old.
  const auto file = InstanceFile::read(idle.data.dir);
  if (!file.ok()) return file.error();
  const auto admit = [&file](const std::string& identity, std::int64_t boot_number) {
    return file->refuse_older_copy({identity, boot_number});
  };
  if (Status opened = instance.open_log(idle, kOwnName, {admit, /*counted=*/false}); !opened.ok())
    return opened.error();
  // A log that breaks answers every request with an error; there is nothing else to stop.
  if (Status made = instance.make(idle, [](const Error&) {}); !made.ok()) return made.error();
  parts->router =
      api::make_router(instance.node->intake(), *instance.operations, mail_send_options(idle), &instance.metrics);
  instance.start();
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
