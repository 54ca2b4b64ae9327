#include "app/wiring_options.h"

#include <algorithm>
#include <random>
#include <set>
#include <utility>

#include "app/open_files.h"

namespace waybill::app {
namespace {

// Requests in flight at the end get this long of the shutdown's grace; they only wait for one commit.
constexpr Duration kHttpStopMax{6'000};

std::vector<Route> mail_routes(const Config& config) {
  std::vector<Route> routes{config.mail.route};
  routes.insert(routes.end(), config.mail.more_routes.begin(), config.mail.more_routes.end());
  return routes;
}

Route dead_letter_route(const Config& config) { return {config.dead_letter.exchange, config.dead_letter.queue.value}; }

std::shared_ptr<const RouteTable> route_table(const Config& config) {
  std::map<Route, QueueName> consumed;
  for (const Route& route : mail_routes(config)) consumed.emplace(route, config.mail.queue);
  return std::make_shared<const RouteTable>(std::move(consumed));
}

PublisherOptions publisher_options(const Config& config) {
  PublisherOptions options;
  options.grace = config.publish.grace;
  options.confirm_deadline = config.publish.confirm_deadline;
  options.backoff_first = config.publish.backoff;
  options.backoff_longest = config.publish.backoff_max;
  options.carry_max = config.publish.body_max;
  return options;
}

WorkerOptions worker_options(const Config& config) {
  WorkerOptions options;
  options.concurrency = config.worker.concurrency;
  options.concurrency_max = config.worker.max_concurrency;
  options.prefetch = config.worker.prefetch;
  options.bodies_max = config.worker.max_bodies;
  options.lease = config.worker.lease;
  options.before_effect = config.worker.handler_deadline;
  options.after_effect = config.worker.effect_deadline;
  options.body_max = message_body_max(config);
  options.retry = config.worker.retry;
  return options;
}

}  // namespace

std::size_t message_body_max(const Config& config) {
  constexpr std::size_t kLeast = 1U << 20U;
  constexpr std::size_t kRoom = 64U << 10U;
  return std::min(std::max({config.http.max_body, config.http.max_mail_body, kLeast}) + kRoom, kBodyMax);
}

Topology topology_of(const Config& config) {
  const Route dead = dead_letter_route(config);
  Topology topology;
  std::set<std::string> exchanges{config.dead_letter.exchange};
  for (const Route& route : mail_routes(config)) {
    exchanges.insert(route.exchange);
    topology.bindings.push_back({route, config.mail.queue});
  }
  topology.bindings.push_back({dead, config.dead_letter.queue});
  topology.exchanges.assign(exchanges.begin(), exchanges.end());
  topology.queues.push_back({config.mail.queue, config.broker.queue_max, dead});
  topology.queues.push_back({config.dead_letter.queue, config.broker.queue_max, std::nullopt});
  return topology;
}

EngineOptions engine_options(const Config& config, const Owner& owner, std::string log_identity) {
  std::random_device device;
  EngineOptions options;
  options.owner = owner;
  options.log_identity = std::move(log_identity);
  options.seed = static_cast<std::uint64_t>(device()) << 32U | device();
  options.publisher = publisher_options(config);
  options.worker = worker_options(config);
  options.poll = config.redeliver.poll;
  options.crash_limit = config.worker.crash_limit;
  options.unknown = config.worker.unknown;
  if (!config.broker.in_process()) options.dead_letter = dead_letter_route(config);
  options.routes = route_table(config);
  options.queues = {config.mail.queue};
  options.topology = topology_of(config);
  options.prune_age = config.prune.age;
  options.relay = config.instance.roles.relay;
  return options;
}

RabbitMqOptions rabbitmq_options(const Config& config, const Owner& owner) {
  RabbitMqOptions options;
  options.url = *parse_rabbitmq_url(config.broker.url);  // it was read when it was configured
  if (!config.broker.password.empty()) options.url.password = config.broker.password;
  options.tls = {config.broker.tls_ca_file, config.broker.tls_cert_file, config.broker.tls_key_file};
  options.external = config.broker.external_login;
  options.queue_type = config.broker.classic_queues ? rabbitmq::QueueType::kClassic : rabbitmq::QueueType::kQuorum;
  options.client_name = "waybill " + owner.instance;
  options.body_max = message_body_max(config);
  return options;
}

api::HttpOptions http_options(const Config& config) {
  api::HttpOptions options;
  options.address = config.http.listen.host;
  options.port = config.http.listen.port;
  options.tokens = config.http.tokens;
  options.limits = {config.http.max_headers, config.http.max_body};
  options.bodies_bytes_max = config.http.max_pending_bodies;
  options.connections_max = static_cast<std::size_t>(config.http.max_connections);
  options.refused_max = static_cast<std::size_t>(refused_connections(config.http.max_connections));
  options.idle_limit = config.http.idle_deadline;
  options.header_deadline = config.http.header_deadline;
  options.body_deadline = config.http.body_deadline;
  options.request_deadline = config.http.answer_deadline;
  options.write_deadline = config.http.write_deadline;
  options.stop_grace = std::min(kHttpStopMax, config.shutdown.grace);
  return options;
}

api::MailSendOptions mail_send_options(const Config& config) {
  api::MailSendOptions options;
  options.route = config.mail.route;
  options.rules.from = config.mail.from;
  options.rules.allowed_from = *AllowedSenders::from(config.mail.allowed_from);  // they were read before
  options.mails_body_max = std::min(config.http.max_mail_body, config.http.max_pending_bodies);
  return options;
}

MailOptions mail_options(const Config& config) {
  MailOptions options;
  options.from = config.mail.from;
  options.allowed_from = *AllowedSenders::from(config.mail.allowed_from);  // they were read when they were configured
  return options;
}

}  // namespace waybill::app
