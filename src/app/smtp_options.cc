#include "app/smtp_options.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "app/config_value.h"
#include "mail/allowed_senders.h"

namespace waybill::app {
namespace {

constexpr Duration kMargin{1'000};
constexpr Duration kContentLeast{30'000};  // for all of a mail to be written

// A name that a relay can look up is better, but only its owner knows it.
std::string greeting_of(const SmtpConfig& config) {
  if (!config.greeting.empty()) return config.greeting;
  std::array<char, 256> name{};
  const bool known = ::gethostname(name.data(), name.size() - 1) == 0 && smtp::is_host_name(name.data());
  return known ? name.data() : "localhost";
}

bool lacks_password(const smtp::RelayOptions& relay) { return !relay.user.empty() && relay.secret.empty(); }

Status give_passwords(std::vector<smtp::RelayOptions>& relays, const std::vector<std::string>& passwords) {
  const auto refuse = [](const std::string& why) { return make_error(ErrorClass::kPermanent, why); };
  std::size_t next = 0;
  for (auto& relay : relays) {
    if (!lacks_password(relay)) continue;
    if (next >= passwords.size() && passwords.size() != 1) {
      return refuse("mail.smtp.relays names a user of " + smtp::name_of(relay) +
                    " without a password: put it into the file that mail.smtp.password_file names, one line for all "
                    "such users, or one for each in their order");
    }
    relay.secret = passwords.size() == 1 ? passwords.front() : passwords[next];
    ++next;
    if (auto valid = smtp::validate(relay); !valid.ok()) return valid;
  }
  if (passwords.size() > std::max<std::size_t>(next, 1)) {
    return refuse("mail.smtp.password has " + std::to_string(passwords.size()) + " lines for " + std::to_string(next) +
                  " users without a password in mail.smtp.relays; one line, or one for each, is right");
  }
  return ok_status();
}

}  // namespace

Result<std::vector<smtp::RelayOptions>> relays_of(const SmtpConfig& config) {
  std::vector<smtp::RelayOptions> relays;
  std::set<std::string> names;
  for (const auto& url : config.relays) {
    auto relay = smtp::parse_relay_url(url);
    if (!relay.ok()) return relay.error();
    if (!names.insert(smtp::name_of(*relay)).second) {  // logs and metrics tell them apart by their names
      return make_error(ErrorClass::kPermanent, "mail.smtp.relays names " + smtp::name_of(*relay) +
                                                    " twice; once, with a higher weight or mail.smtp.max_connections, "
                                                    "is right");
    }
    relay->ehlo_name = greeting_of(config);
    relay->ca_file = config.tls_ca_file;
    relay->connect_timeout = config.connect_timeout;
    relay->connections_max = config.max_connections;
    relay->mails_per_connection = config.mails_per_connection;
    relay->idle_max = config.idle_timeout;
    relay->mails_per_second = config.mails_per_second;
    relays.push_back(std::move(*relay));
  }
  if (auto given = give_passwords(relays, config.passwords); !given.ok()) return given.error();
  return relays;
}

smtp::SmtpOptions smtp_options(const Config& config) {
  const SmtpConfig& from = config.mail.smtp;
  const WorkerConfig& worker = config.worker;
  smtp::SmtpOptions options;
  options.relays = *relays_of(from);
  options.dsn = *smtp::parse_dsn_wish(from.dsn);
  options.timeouts.command = options.timeouts.data = options.timeouts.block = from.command_timeout;
  options.timeouts.dot = from.dot_timeout;
  // Before the dot nothing is delivered: a mail that is given up here is simply tried again.
  options.timeouts.content = worker.effect_deadline - from.dot_timeout - kMargin;
  options.pool.wait_max = worker.handler_deadline - from.connect_timeout - from.command_timeout;
  return options;
}

std::vector<std::string> check_smtp(const Config& config) {
  const SmtpConfig& smtp = config.mail.smtp;
  const WorkerConfig& worker = config.worker;
  if (smtp.relays.empty()) return {};
  std::vector<std::string> problems;
  if (const auto relays = relays_of(smtp); !relays.ok()) problems.push_back(relays.error().message);
  const auto senders = *AllowedSenders::from(config.mail.allowed_from);  // they were read when they were configured
  if (const auto named = check_senders_for_smtp(senders, config.mail.from); !named.ok()) {
    problems.push_back(named.error().message);
  }
  if (smtp.connect_timeout + smtp.command_timeout + kMargin > worker.handler_deadline) {
    problems.push_back("worker.handler_deadline " + format_duration(worker.handler_deadline) +
                       " ends a mail before mail.smtp.connect_timeout " + format_duration(smtp.connect_timeout) +
                       " and mail.smtp.command_timeout " + format_duration(smtp.command_timeout) +
                       " can: together they must be shorter");
  }
  if (smtp.dot_timeout + kContentLeast + kMargin > worker.effect_deadline) {
    problems.push_back("worker.effect_deadline " + format_duration(worker.effect_deadline) +
                       " leaves a mail no time beside mail.smtp.dot_timeout " + format_duration(smtp.dot_timeout) +
                       ": it must be longer by " + format_duration(kContentLeast + kMargin));
  }
  return problems;
}

}  // namespace waybill::app
