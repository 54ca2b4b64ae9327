#include "app/config_keys.h"

#include <cstdint>
#include <cstdlib>
#include <map>
#include <utility>
#include <vector>

#include "api/access.h"
#include "app/config_key_forms.h"
#include "app/config_value.h"
#include "app/mail_config_keys.h"
#include "app/shared_logs.h"
#include "broker/rabbitmq/protocol/rabbitmq_url.h"

namespace waybill::app {
namespace {

using namespace config_key_forms;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

constexpr const char* kRabbitMqVariable = "WAYBILL_RABBITMQ";

ConfigKey masked(ConfigKey key) {
  key.shown = mask_password;
  return key;
}

// '#' divides name and boot in an owner (core/names.h).
Status assign_instance_name(Config& config, const std::string& text) {
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    if (!plain) return refuse("'" + text + "' may only contain letters, digits, '.', '-' and '_'");
  }
  if (text.size() > 64) return refuse("'" + text + "' is longer than 64 characters");
  config.instance.name = text;
  return ok_status();
}

Status assign_roles(Config& config, const std::string& text) {
  const auto roles = parse_roles(text);
  if (!roles.ok()) return roles.error();
  config.instance.roles = *roles;
  return ok_status();
}

Status assign_listen(Config& config, const std::string& text) {
  auto address = parse_listen(text);
  if (!address.ok()) return address.error();
  config.http.listen = *address;
  return ok_status();
}

Status assign_tokens(Config& config, const std::string& text) {
  if (text.empty()) return ok_status();
  auto tokens = api::parse_tokens(text);
  if (!tokens.ok()) return tokens.error();
  config.http.tokens = std::move(*tokens);
  return ok_status();
}

Status assign_message_log(Config& config, const std::string& text) {
  constexpr std::string_view kScheme = "sqlite:";
  if (text.starts_with(kScheme) && text.size() > kScheme.size()) {
    config.message_log.sqlite_file = text.substr(kScheme.size());
    config.message_log.shared_url.clear();
    return ok_status();
  }
  std::string url = text;
  if (const SharedLogKind* const kind = shared_log_kind_called(text); kind != nullptr) {
    const char* const named = std::getenv(kind->variable());
    if (named == nullptr) {
      return refuse("'" + text + "' means the database that " + kind->variable() +
                    " names, which is not set; write its URL: " + std::string(kind->form()));
    }
    url = named;
  }
  const SharedLogKind* const kind = shared_log_kind_of(url);
  if (kind == nullptr) {
    return refuse("'" + text + "' names no message log; write sqlite:FILE, for example sqlite:var/waybill.db, or " +
                  shared_log_forms());
  }
  if (Status sound = kind->check_url(url); !sound.ok()) return sound;
  config.message_log.shared_url = url;
  config.message_log.sqlite_file.clear();
  return ok_status();
}

Status assign_log_password(Config& config, const std::string& text) {
  const auto end = text.find_last_not_of("\r\n");  // of a file
  config.message_log.password = end == std::string::npos ? std::string() : text.substr(0, end + 1);
  return ok_status();
}

Status assign_notify(Config& config, const std::string& text) {
  if (text != "true" && text != "false") return refuse("'" + text + "' is neither; write true or false");
  config.message_log.notify = text == "true";
  return ok_status();
}

std::string mask_log_url(std::string_view text) {
  const SharedLogKind* const kind = shared_log_kind_of(text);
  return kind != nullptr ? kind->mask_url(text) : std::string(text);
}

// The bare word means what the environment names, so that tests and scripts need no URL.
Status assign_broker(Config& config, const std::string& text) {
  std::string url = text;
  if (text == "rabbitmq") {
    const char* const named = std::getenv(kRabbitMqVariable);
    if (named == nullptr) {
      return refuse(std::string("'rabbitmq' means the broker that ") + kRabbitMqVariable +
                    " names, which is not set; write its URL: amqp://USER:PASSWORD@HOST:PORT/VHOST");
    }
    url = named;
  }
  if (url == "inprocess") {
    config.broker.url.clear();
    return ok_status();
  }
  if (url.find("://") == std::string::npos) {
    return refuse("'" + url + "' names no broker; write inprocess, rabbitmq, amqp://… or amqps://…");
  }
  if (auto parsed_url = parse_rabbitmq_url(url); !parsed_url.ok()) return parsed_url.error();
  config.broker.url = url;
  return ok_status();
}

// What loses messages is refused with the reason, not as a word that nobody knows.
Status assign_queue_type(Config& config, const std::string& text) {
  static const std::map<std::string_view, std::string_view> kRefused{
      {"classic-v2", "it confirms before it syncs, and a power cut loses what was confirmed"},
      {"mirrored", "mirrored queues may confirm too early, and lose confirmed messages when a node fails"},
      {"priority", "a priority queue overtakes itself, so nobody can tell which of its messages were lost"},
      {"drop-head", "a queue that drops its oldest messages when it is full loses them"},
      {"transient", "a queue that is not durable loses its messages when the broker restarts"},
      {"stream", "a stream has no acknowledgement for the single message"},
  };
  const bool classic = text == "classic";
  if (!classic && text != "quorum") {
    const auto why = kRefused.find(text);
    if (why != kRefused.end()) return refuse(text + ": " + std::string(why->second) + "; write quorum or classic");
    return refuse("'" + text + "' is not a type of queue; write quorum or classic");
  }
  config.broker.classic_queues = classic;
  return ok_status();
}

Status assign_broker_login(Config& config, const std::string& text) {
  if (text != "plain" && text != "external") return refuse("'" + text + "' is not a login; write plain or external");
  config.broker.external_login = text == "external";
  return ok_status();
}

Status assign_broker_password(Config& config, const std::string& text) {
  const std::string password = text.substr(0, text.find_last_not_of("\r\n") + 1);  // a file ends with a line end
  if (password.size() > 255) return refuse("the password is longer than 255 bytes");
  config.broker.password = password;
  return ok_status();
}

Status assign_management_url(Config& config, const std::string& text) {
  if (!text.empty() && !text.starts_with("http://") && !text.starts_with("https://")) {
    return refuse("it is no URL of a management interface; write http://HOST:15672 or https://…");
  }
  config.broker.management_url = text;
  return ok_status();
}

Status assign_retry(Config& config, const std::string& text) {
  auto policy = parse_retry_policy(text);
  if (!policy.ok()) return policy.error();
  config.worker.retry = std::move(*policy);
  return ok_status();
}

Status assign_unknown(Config& config, const std::string& text) {
  if (text != "retry" && text != "hold") return refuse("'" + text + "' is not a policy; write retry or hold");
  config.worker.unknown = text == "hold" ? UnknownPolicy::kHold : UnknownPolicy::kRetry;
  return ok_status();
}

Status assign_log_level(Config& config, const std::string& text) {
  const auto level = parse_log_level(text);
  if (!level) return refuse("'" + text + "' is not a level; write debug, info, warning or error");
  config.log.level = *level;
  return ok_status();
}

Status assign_log_format(Config& config, const std::string& text) {
  const auto format = parse_log_format(text);
  if (!format) return refuse("'" + text + "' is not a format; write text or json");
  config.log.format = *format;
  return ok_status();
}

std::vector<ConfigKey> place_keys() {
  return {
      parsed("instance.name", "", ValueKind::kText, assign_instance_name,
             "who this instance is in the log; empty: host name and a random part, kept in the data directory"),
      parsed("instance.roles", "api,relay,worker", ValueKind::kList, assign_roles,
             "what it does: api accepts messages, relay publishes them, worker handles them"),
      path("data.dir", "var", false, "where everything is kept that is not told otherwise; {data} in other keys",
           [](Config& c) { return &c.data.dir; }),
      shown_as(
          mask_log_url,
          parsed(
              "message_log.url", "sqlite:{data}/waybill.db", ValueKind::kPath, assign_message_log,
              "the message log: sqlite:FILE, postgresql://USER:PASSWORD@HOST:PORT/DATABASE, mariadb://…, or postgres, "
              "mariadb: what WAYBILL_POSTGRES, WAYBILL_MARIADB names")),
      secret(parsed("message_log.password", "", ValueKind::kText, assign_log_password,
                    "in the place of the URL's; better in a file: message_log.password_file")),
      parsed("message_log.notify", "false", ValueKind::kText, assign_notify,
             "true: a relay listens to NOTIFY waybill, by which other programs tell of their commits (PostgreSQL)"),
      parsed("log.level", "info", ValueKind::kText, assign_log_level, "debug, info, warning or error"),
      parsed("log.format", "text", ValueKind::kText, assign_log_format, "text or json, one line an event, to stderr"),
      duration("shutdown.grace", "20s", {0ms, 1h}, "how long a stop waits for what has begun",
               [](Config& c) { return &c.shutdown.grace; }),
  };
}

std::vector<ConfigKey> broker_keys() {
  return {
      masked(parsed("broker.url", "inprocess", ValueKind::kText, assign_broker,
                    "the broker: inprocess, amqp://USER:PASSWORD@HOST:PORT,…/VHOST, amqps://…, or rabbitmq: what "
                    "WAYBILL_RABBITMQ names")),
      secret(parsed("broker.password", "", ValueKind::kText, assign_broker_password,
                    "in the place of the URL's; better in a file: broker.password_file")),
      parsed("broker.queue_type", "quorum", ValueKind::kText, assign_queue_type,
             "of the queues that are declared: quorum or classic"),
      parsed("broker.login", "plain", ValueKind::kText, assign_broker_login,
             "plain: user and password; external: the client's certificate"),
      path("broker.tls_ca", "", true, "certificates that the broker's is checked against, PEM; empty: the system's",
           [](Config& c) { return &c.broker.tls_ca_file; }),
      path("broker.tls_cert", "", true, "the client's own certificate, PEM; empty: none",
           [](Config& c) { return &c.broker.tls_cert_file; }),
      path("broker.tls_key", "", true, "its key, PEM; empty: it is in the file of the certificate",
           [](Config& c) { return &c.broker.tls_key_file; }),
      masked(parsed("broker.management_url", "", ValueKind::kText, assign_management_url,
                    "the broker's management interface, for checks that AMQP cannot make; empty: none")),
      count("broker.queue_max", "10000", {1, 10'000'000},
            "messages a queue of the in-process broker holds before it signals that it is full",
            [](Config& c) { return &c.broker.queue_max; }),
  };
}

std::vector<ConfigKey> http_keys() {
  return {
      parsed("http.listen", "127.0.0.1:8420", ValueKind::kText, assign_listen,
             "ADDRESS:PORT; port 0 takes a free one; another address than this machine's own needs tokens"),
      secret(parsed("http.token", "", ValueKind::kText, assign_tokens,
                    "bearer tokens, one a line; better in a file: http.token_file")),
      size("http.max_body", "1MiB", {1 * kKiB, 64 * kMiB}, "largest request body",
           [](Config& c) { return &c.http.max_body; }),
      size("http.max_mail_body", "36MiB", {1 * kKiB, 64 * kMiB}, "the same, of one with mails for /v1/mails",
           [](Config& c) { return &c.http.max_mail_body; }),
      size("http.max_headers", "16KiB", {1 * kKiB, 1 * kMiB}, "largest request head",
           [](Config& c) { return &c.http.max_headers; }),
      count("http.max_connections", "4096", {1, 100'000}, "connections served at once",
            [](Config& c) { return &c.http.max_connections; }),
      size("http.max_pending_bodies", "64MiB", {1 * kMiB, 16 * kGiB}, "request bodies in memory at once, all together",
           [](Config& c) { return &c.http.max_pending_bodies; }),
      duration("http.header_deadline", "10s", {100ms, 10min}, "for a request's head to arrive",
               [](Config& c) { return &c.http.header_deadline; }),
      duration("http.body_deadline", "30s", {100ms, 1h}, "for its body to arrive",
               [](Config& c) { return &c.http.body_deadline; }),
      duration("http.answer_deadline", "5s", {100ms, 10min}, "for the answer to be known; then 503",
               [](Config& c) { return &c.http.answer_deadline; }),
      duration("http.write_deadline", "30s", {100ms, 1h}, "for a client to take its answer",
               [](Config& c) { return &c.http.write_deadline; }),
      duration("http.idle_deadline", "75s", {100ms, 1h}, "between two requests of one connection",
               [](Config& c) { return &c.http.idle_deadline; }),
  };
}

std::vector<ConfigKey> engine_keys() {
  return {
      duration("publish.grace", "2s", {200ms, 1h}, "when a row whose publish was not confirmed is driven again",
               [](Config& c) { return &c.publish.grace; }),
      duration("publish.confirm_deadline", "900ms", {50ms, 30min},
               "how long a broker's confirm is awaited; less than half of publish.grace",
               [](Config& c) { return &c.publish.confirm_deadline; }),
      duration("publish.backoff", "500ms", {10ms, 1h}, "first pause of a route after a failed publish; doubles",
               [](Config& c) { return &c.publish.backoff; }),
      duration("publish.backoff_max", "1m", {10ms, 1h}, "longest such pause",
               [](Config& c) { return &c.publish.backoff_max; }),
      size("publish.body_max", "256KiB", {1 * kKiB, 64 * kMiB},
           "largest body that is published to Waybill's own workers; they get larger ones out of the log",
           [](Config& c) { return &c.publish.body_max; }),
      duration("redeliver.poll", "200ms", {10ms, 1min},
               "how often the log is asked for due rows when nothing else wakes the redeliverer",
               [](Config& c) { return &c.redeliver.poll; }),
      duration("worker.lease", "15s", {1s, 1h},
               "how long an attempt is held without a sign of life; renewed at a third",
               [](Config& c) { return &c.worker.lease; }),
      count("worker.concurrency", "4", {1, 1'024}, "handlers at once, at first",
            [](Config& c) { return &c.worker.concurrency; }),
      count("worker.max_concurrency", "16", {1, 1'024}, "handlers at once, at most",
            [](Config& c) { return &c.worker.max_concurrency; }),
      count("worker.prefetch", "256", {1, 65'535}, "deliveries held in hand",
            [](Config& c) { return &c.worker.prefetch; }),
      size("worker.max_bodies", "128MiB", {1 * kMiB, 16 * kGiB},
           "bodies that came out of the log, in memory at once, all together; a larger one passes alone",
           [](Config& c) { return &c.worker.max_bodies; }),
      duration("worker.handler_deadline", "1m", {10ms, 24h}, "for a handler, or until its effect begins if it tells",
               [](Config& c) { return &c.worker.handler_deadline; }),
      duration("worker.effect_deadline", "15m", {10ms, 24h}, "for the effect of a handler that tells when it begins",
               [](Config& c) { return &c.worker.effect_deadline; }),
      parsed("worker.retry", "fixed 3 8000", ValueKind::kText, assign_retry,
             "'fixed N MS', 'exponential N FIRST_MS LONGEST_MS' or 'list N MS,MS,…'; N attempts in all"),
      count("worker.crash_limit", "5", {0, 1'000},
            "attempts that may end with their process before a message is dead; 0: any number",
            [](Config& c) { return &c.worker.crash_limit; }),
      parsed("worker.unknown", "retry", ValueKind::kText, assign_unknown,
             "an effect that may have happened: retry, or hold for a person"),
      duration("prune.age", "7d", {1h, 24h * 3'650}, "how long finished messages are kept",
               [](Config& c) { return &c.prune.age; }),
  };
}

std::vector<ConfigKey> all_keys() {
  std::vector<ConfigKey> keys = place_keys();
  for (auto&& part : {broker_keys(), http_keys(), mail_config_keys(), engine_keys()})
    keys.insert(keys.end(), part.begin(), part.end());
  return keys;
}

}  // namespace

std::span<const ConfigKey> config_keys() {
  static const std::vector<ConfigKey> keys = all_keys();
  return keys;
}

const ConfigKey* find_config_key(std::string_view name) {
  for (const ConfigKey& key : config_keys()) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

}  // namespace waybill::app
