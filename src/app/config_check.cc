#include <set>
#include <utility>

#include "app/config.h"
#include "app/config_value.h"
#include "app/shared_logs.h"
#include "app/smtp_options.h"

namespace waybill::app {
namespace {

using Problems = std::vector<std::string>;

std::string in_text(Duration duration) { return format_duration(duration); }

void check_access(const Config& config, Problems& problems) {
  if (config.http.listen.loopback() || !config.http.tokens.empty()) return;
  problems.push_back("http.listen " + config.http.listen.text() +
                     " can be reached from other machines, so requests need a token: set http.token_file to a file "
                     "with one token a line (openssl rand -hex 32 makes one), or listen on 127.0.0.1");
}

void check_roles(const Config& config, Problems& problems) {
  const Roles& roles = config.instance.roles;
  if (config.broker.in_process() && config.message_log.shared() && (roles.relay || roles.worker)) {
    problems.push_back(
        "message_log.url is shared with other processes, which the in-process broker does not reach: "
        "name a broker with broker.url (--broker rabbitmq or amqp://…), or keep the log in a file "
        "(sqlite:FILE)");
    return;
  }
  if (!config.broker.in_process() || roles.relay == roles.worker) return;
  problems.push_back("instance.roles " + format_roles(roles) + " has " +
                     (roles.relay ? "relay without worker" : "worker without relay") +
                     ", but what the in-process broker carries never leaves this process: name both, or neither "
                     "(api alone records, and an instance with all roles delivers later)");
}

void check_log(const Config& config, Problems& problems) {
  const MessageLogConfig& log = config.message_log;
  if (!log.notify || (log.shared() && kind_of(log).has_commit_news())) return;
  problems.push_back(
      "message_log.notify is for a log on PostgreSQL alone: leave it out, and shorten redeliver.poll instead");
}

void check_broker(const Config& config, Problems& problems) {
  const BrokerConfig& broker = config.broker;
  const bool tls = broker.url.starts_with("amqps://");
  const bool files = !broker.tls_ca_file.empty() || !broker.tls_cert_file.empty() || !broker.tls_key_file.empty();
  const bool management_tls = broker.management_url.starts_with("https://");
  if (files && !tls && !management_tls) {
    problems.push_back(
        "broker.tls_ca, broker.tls_cert and broker.tls_key mean nothing without TLS: write amqps:// in "
        "broker.url or https:// in broker.management_url, or leave them out");
  }
  if (!broker.tls_key_file.empty() && broker.tls_cert_file.empty()) {
    problems.push_back("broker.tls_key is of no use without broker.tls_cert");
  }
  if (broker.external_login && (!tls || broker.tls_cert_file.empty())) {
    problems.push_back("broker.login external needs amqps:// in broker.url, and broker.tls_cert");
  }
}

void check_times(const Config& config, Problems& problems) {
  const auto& publish = config.publish;
  // A confirm that is late must find its publish still ours, before the clock of the row drives it again.
  if (publish.confirm_deadline * 2 >= publish.grace) {
    problems.push_back("publish.confirm_deadline " + in_text(publish.confirm_deadline) +
                       " is not less than half of publish.grace " + in_text(publish.grace) +
                       ": a row would be driven again while its confirm is still awaited");
  }
  if (publish.backoff > publish.backoff_max) {
    problems.push_back("publish.backoff " + in_text(publish.backoff) + " is longer than publish.backoff_max " +
                       in_text(publish.backoff_max));
  }
}

void check_counts(const Config& config, Problems& problems) {
  if (config.http.max_pending_bodies < config.http.max_body) {
    problems.push_back("http.max_pending_bodies " + std::to_string(config.http.max_pending_bodies) +
                       " is less than http.max_body " + std::to_string(config.http.max_body) +
                       ": a large request would always be refused as one too many");
  }
  const auto& worker = config.worker;
  if (worker.concurrency > worker.max_concurrency) {
    problems.push_back("worker.concurrency " + std::to_string(worker.concurrency) +
                       " is more than worker.max_concurrency " + std::to_string(worker.max_concurrency));
  }
  if (worker.max_concurrency > worker.prefetch) {
    problems.push_back("worker.prefetch " + std::to_string(worker.prefetch) + " is less than worker.max_concurrency " +
                       std::to_string(worker.max_concurrency) + ": handlers would wait for deliveries");
  }
}

void check_routes(const Config& config, Problems& problems) {
  std::set<Route> routes{config.mail.route};
  for (const Route& route : config.mail.more_routes) {
    if (routes.insert(route).second) continue;
    problems.push_back("mail.more_routes: " + route.exchange + "/" + route.routing_key +
                       " is there twice; a route leads to one queue, once");
  }
  if (config.dead_letter.queue == config.mail.queue) {
    problems.push_back("dead_letter.queue " + config.dead_letter.queue.value +
                       " is the mail queue: dead letters would be handled again");
  }
  if (routes.contains(Route{config.dead_letter.exchange, config.dead_letter.queue.value})) {
    problems.push_back("the dead-letter route " + config.dead_letter.exchange + "/" + config.dead_letter.queue.value +
                       " leads into the mail queue: dead letters would be handled again");
  }
}

}  // namespace

std::vector<std::string> check_config(const Config& config) {
  Problems problems;
  check_access(config, problems);
  check_roles(config, problems);
  check_log(config, problems);
  check_broker(config, problems);
  check_times(config, problems);
  check_counts(config, problems);
  check_routes(config, problems);
  for (auto& problem : check_smtp(config)) problems.push_back(std::move(problem));
  return problems;
}

}  // namespace waybill::app
