// The configuration of one instance: typed values, ready to be handed to the parts they are for. What a key is called,
// its default, unit, limits and meaning stand once, in config_keys.cc; how the sources are laid over each other is
// config_load.h. Values only; relative paths are relative to the working directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "core/names.h"
#include "core/outcomes.h"
#include "core/retry_policy.h"

namespace waybill::app {

/// Where to listen. Only literal addresses and `localhost`: no name has to be looked up at start.
struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;  ///< 0: the system picks a free one
  [[nodiscard]] bool loopback() const;
  /// `127.0.0.1:8420`, `[::1]:8420`
  [[nodiscard]] std::string text() const;
};

/// What an instance does with the log; whatever it does, it answers for its health and its metrics.
struct Roles {
  bool api = false;     ///< accepts messages and answers for them
  bool relay = false;   ///< publishes, drives due messages again, prunes
  bool worker = false;  ///< handles deliveries
  bool operator==(const Roles&) const = default;
};

struct InstanceConfig {
  std::string name;  ///< empty: host + random, kept in the data directory
  Roles roles;
};

struct DataConfig {
  std::string dir;
};

struct HttpConfig {
  ListenAddress listen;
  std::vector<std::string> tokens;  ///< bearer tokens; empty: none is asked for
  std::size_t max_body = 0;         ///< bytes
  std::size_t max_mail_body = 0;    ///< bytes, of a request for fuller mails
  std::size_t max_headers = 0;      ///< bytes
  int max_connections = 0;
  std::size_t max_pending_bodies = 0;  ///< bytes, of all requests together
  Duration header_deadline{};
  Duration body_deadline{};
  Duration answer_deadline{};
  Duration write_deadline{};
  Duration idle_deadline{};
};

struct MessageLogConfig {
  std::string sqlite_file;  ///< empty: the log is in a database that others share
  std::string shared_url;   ///< then; sound
  std::string password;     ///< in the place of the URL's; empty: that one
  bool notify = false;      ///< relays listen to what other programs tell of their commits
  [[nodiscard]] bool shared() const { return sqlite_file.empty(); }
};

struct BrokerConfig {
  std::string url;              ///< amqp://… or amqps://…, sound; empty: in this process
  std::string password;         ///< in the place of the URL's; empty: that one
  bool classic_queues = false;  ///< instead of quorum queues
  bool external_login = false;  ///< the client's certificate says who we are
  std::string tls_ca_file;      ///< PEM; empty: the system's
  std::string tls_cert_file;    ///< PEM, of this client; empty: none
  std::string tls_key_file;     ///< PEM; empty: in the file of the certificate
  std::string management_url;   ///< empty: none
  std::size_t queue_max = 0;    ///< messages
  [[nodiscard]] bool in_process() const { return url.empty(); }
};

/// Mail that leaves this machine. Each value is sound by itself; what they make together is smtp_options.h.
struct SmtpConfig {
  std::vector<std::string> relays;     ///< smtp://…, smtps://…; empty: mail goes into the Maildir
  std::vector<std::string> passwords;  ///< of the users whose relay's URL brings none: one for all, or one for each
  std::string tls_ca_file;             ///< PEM; empty: the system's
  std::string greeting;                ///< host name to greet with; empty: this machine's
  int max_connections = 0;             ///< to each relay
  int mails_per_connection = 0;
  double mails_per_second = 0;  ///< to each relay; 0: without limit
  Duration connect_timeout{};
  Duration command_timeout{};
  Duration dot_timeout{};
  Duration idle_timeout{};
  std::vector<std::string> dsn;  ///< words of parse_dsn_wish
};

struct MailConfig {
  std::string from;
  std::vector<std::string> allowed_from;  ///< addresses and @domains, sound; empty: everybody
  std::string maildir;
  SmtpConfig smtp;
  std::string journal;  ///< one fsynced line per effect; empty: none
  Route route;          ///< the classic route
  QueueName queue;      ///< what the route leads to
  std::vector<Route> more_routes;
};

struct DeadLetterConfig {
  std::string exchange;
  QueueName queue;  ///< bound under its own name
};

struct PublishConfig {
  Duration grace{};
  Duration confirm_deadline{};
  Duration backoff{};
  Duration backoff_max{};
  std::size_t body_max = 0;
};

struct WorkerConfig {
  Duration lease{};
  int concurrency = 0;
  int max_concurrency = 0;
  int prefetch = 0;
  std::size_t max_bodies = 0;
  Duration handler_deadline{};
  Duration effect_deadline{};
  RetryPolicy retry;
  int crash_limit = 0;  ///< 0: never
  UnknownPolicy unknown = UnknownPolicy::kRetry;
};

struct RedeliverConfig {
  Duration poll{};
};

struct PruneConfig {
  Duration age{};
};

struct ShutdownConfig {
  Duration grace{};
};

struct Config {
  InstanceConfig instance;
  DataConfig data;
  HttpConfig http;
  MessageLogConfig message_log;
  BrokerConfig broker;
  MailConfig mail;
  DeadLetterConfig dead_letter;
  PublishConfig publish;
  WorkerConfig worker;
  RedeliverConfig redeliver;
  PruneConfig prune;
  ShutdownConfig shutdown;
  LogOptions log;
};

/// What no single key can tell: rules between them. One sentence each, naming the keys; empty if all is well.
[[nodiscard]] std::vector<std::string> check_config(const Config& config);

}  // namespace waybill::app
