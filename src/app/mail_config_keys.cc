#include "app/mail_config_keys.h"

#include <algorithm>
#include <utility>

#include "app/config_key_forms.h"
#include "app/config_value.h"
#include "mail/allowed_senders.h"
#include "mail/mail_address.h"
#include "mail/smtp/dsn.h"
#include "mail/smtp/relay_options.h"

namespace waybill::app {
namespace {

using namespace config_key_forms;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""h;

Status assign_mail_from(Config& config, const std::string& text) {
  auto valid = check_mail_address(text);
  if (!valid.ok()) return refuse("it is no plain mail address: " + valid.error().message);
  config.mail.from = text;
  return ok_status();
}

Status assign_allowed_from(Config& config, const std::string& text) {
  auto entries = split_list(text, ',');
  const auto allowed = AllowedSenders::from(entries);
  if (!allowed.ok()) return allowed.error();
  config.mail.allowed_from = std::move(entries);
  return ok_status();
}

Status assign_more_routes(Config& config, const std::string& text) {
  std::vector<Route> routes;
  for (const auto& part : split_list(text, ',')) {
    auto route = parse_route(part);
    if (!route.ok()) return route.error();
    routes.push_back(*route);
  }
  config.mail.more_routes = std::move(routes);
  return ok_status();
}

Status assign_relays(Config& config, const std::string& text) {
  auto urls = split_list(text, ',');
  for (const auto& url : urls) {
    if (auto relay = smtp::parse_relay_url(url); !relay.ok()) return relay.error();
  }
  config.mail.smtp.relays = std::move(urls);
  return ok_status();
}

std::string mask_relays(std::string_view text) {
  std::string shown;
  for (const auto& url : split_list(text, ',')) shown += (shown.empty() ? "" : ",") + smtp::mask_relay_url(url);
  return shown;
}

Status assign_passwords(Config& config, const std::string& text) {
  std::vector<std::string> passwords;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) passwords.push_back(std::move(line));
    at = end + 1;
  }
  config.mail.smtp.passwords = std::move(passwords);
  return ok_status();
}

Status assign_rate(Config& config, const std::string& text) {
  const auto rate = text.empty() ? Result<double>(0.0) : parse_rate(text);
  if (!rate.ok()) return rate.error();
  config.mail.smtp.mails_per_second = *rate;
  return ok_status();
}

Status assign_greeting(Config& config, const std::string& text) {
  if (!text.empty() && !smtp::is_host_name(text))
    return refuse("'" + text + "' is not a host name; mail.example.org is right");
  config.mail.smtp.greeting = text;
  return ok_status();
}

Status assign_dsn(Config& config, const std::string& text) {
  auto words = split_list(text, ',');
  if (const auto wish = smtp::parse_dsn_wish(words); !wish.ok()) return wish.error();
  config.mail.smtp.dsn = std::move(words);
  return ok_status();
}

std::vector<ConfigKey> place_keys() {
  return {
      parsed("mail.from", "waybill@localhost", ValueKind::kText, assign_mail_from,
             "the sender of every mail that names none"),
      parsed("mail.allowed_from", "", ValueKind::kList, assign_allowed_from,
             "whom else mails may come from: addresses and @domains; empty: anybody"),
      path("mail.maildir", "{data}/mail", false, "the Maildir that mail is delivered into",
           [](Config& c) { return &c.mail.maildir; }),
      path("mail.journal", "", true, "a file that gets one durable line per mail delivered; empty: none",
           [](Config& c) { return &c.mail.journal; }),
      name_of("mail.exchange", "mail.exchange", "exchange of the mail route",
              [](Config& c) { return &c.mail.route.exchange; }),
      name_of("mail.routing_key", "mail.routing.key", "routing key of the mail route",
              [](Config& c) { return &c.mail.route.routing_key; }),
      name_of("mail.queue", "mail.queue", "queue that the mail route leads to",
              [](Config& c) { return &c.mail.queue.value; }),
      parsed("mail.more_routes", "", ValueKind::kList, assign_more_routes,
             "further routes into the mail queue: EXCHANGE/ROUTING_KEY, …"),
      name_of("dead_letter.exchange", "waybill.dlx", "exchange that dead letters go to",
              [](Config& c) { return &c.dead_letter.exchange; }),
      name_of("dead_letter.queue", "waybill.dead", "queue that keeps them, bound under its own name",
              [](Config& c) { return &c.dead_letter.queue.value; }),
  };
}

std::vector<ConfigKey> smtp_keys() {
  return {
      shown_as(
          mask_relays,
          parsed("mail.smtp.relays", "", ValueKind::kList, assign_relays,
                 "where mail goes instead of the Maildir: smtp://USER@HOST:PORT or smtps://…, several of them, each "
                 "with ?tls=required|opportunistic|none, auth=any|plain|login|xoauth2, weight=N")),
      secret(parsed("mail.smtp.password", "", ValueKind::kText, assign_passwords,
                    "of the users whose URL brings none, or their tokens: a line for all, or one for each; better in a "
                    "file: mail.smtp.password_file")),
      path("mail.smtp.tls_ca", "", true, "certificates that the relays' are checked against, PEM; empty: the system's",
           [](Config& c) { return &c.mail.smtp.tls_ca_file; }),
      parsed("mail.smtp.greeting", "", ValueKind::kText, assign_greeting,
             "the host name that relays are greeted with; empty: this machine's"),
      count("mail.smtp.max_connections", "8", {1, 1'000}, "open connections to each relay, at most",
            [](Config& c) { return &c.mail.smtp.max_connections; }),
      count("mail.smtp.mails_per_connection", "100", {1, 1'000'000},
            "mails that a connection carries before it is ended",
            [](Config& c) { return &c.mail.smtp.mails_per_connection; }),
      parsed("mail.smtp.rate", "", ValueKind::kText, assign_rate,
             "mails to each relay, at most: 10/s, 90/m or 500/h; empty: any number"),
      duration("mail.smtp.connect_timeout", "20s", {100ms, 1h}, "for a relay's greeting, TLS and login together",
               [](Config& c) { return &c.mail.smtp.connect_timeout; }),
      duration("mail.smtp.command_timeout", "30s", {100ms, 1h}, "for the answer to each command before the content",
               [](Config& c) { return &c.mail.smtp.command_timeout; }),
      duration("mail.smtp.dot_timeout", "10m", {100ms, 12h},
               "for the answer to a whole mail; a mail without one may have arrived",
               [](Config& c) { return &c.mail.smtp.dot_timeout; }),
      duration("mail.smtp.idle_timeout", "30s", {0ms, 1h}, "how long a connection is kept for the next mail",
               [](Config& c) { return &c.mail.smtp.idle_timeout; }),
      parsed(
          "mail.smtp.dsn", "", ValueKind::kList, assign_dsn,
          "when the sender is told by mail what became of one, where a relay can: success, failure, delay, or never; "
          "empty: as the relay likes"),
  };
}

}  // namespace

std::vector<ConfigKey> mail_config_keys() {
  std::vector<ConfigKey> keys = place_keys();
  for (auto& key : smtp_keys()) keys.push_back(std::move(key));
  return keys;
}

}  // namespace waybill::app
