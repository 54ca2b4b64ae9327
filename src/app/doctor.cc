#include "app/doctor.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "app/broker_checks.h"
#include "app/data_directory.h"
#include "app/local_checks.h"
#include "app/relay_checks.h"
#include "app/shared_log_checks.h"
#include "app/shared_logs.h"
#include "app/smtp_options.h"
#include "app/store.h"
#include "app/wiring_options.h"
#include "base/log.h"
#include "broker/rabbitmq/management.h"
#include "broker/rabbitmq/protocol/rabbitmq_url.h"
#include "broker/rabbitmq/survey.h"
#include "log/sqlite/inspect.h"
#include "mail/smtp/relay_check.h"

namespace waybill::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kVerdictColumn = 9;
constexpr const char* kRights = "rights to publish and to consume";

/// The directory, or the nearest one above it that exists.
fs::path nearest_existing(fs::path path) {
  std::error_code ignored;
  path = fs::absolute(path, ignored);
  while (!fs::exists(path, ignored) && path.has_parent_path() && path != path.parent_path()) path = path.parent_path();
  return path;
}

LocalFacts gather_local(const Config& config) {
  LocalFacts facts;
  std::error_code error;
  if (!config.message_log.shared()) {
    facts.log_file = config.message_log.sqlite_file;
    if (fs::exists(facts.log_file, error)) facts.log = inspect_sqlite(facts.log_file);
    const auto space = fs::space(nearest_existing(facts.log_file), error);
    if (!error) facts.free_bytes = space.available;
  }
  if (!config.instance.roles.worker) return facts;
  if (!config.mail.smtp.relays.empty()) return facts;
  facts.maildir = config.mail.maildir;
  if (fs::exists(facts.maildir, error)) facts.mail_writable = prepare_directory(facts.maildir);
  return facts;
}

void leave_out_management(Diagnosis& diagnosis, const std::string& needed) {
  for (const char* check : {"policies that drop messages (message-ttl, expires, max-length)", "bindings", kRights,
                            "the difference of the clocks", "alarms of each node"}) {
    diagnosis.not_made.push_back(std::string(check) + ": " + needed);
  }
}

void examine_broker(const Config& config, Diagnosis& diagnosis) {
  const auto add = [&](Findings more) {
    diagnosis.findings.insert(diagnosis.findings.end(), more.begin(), more.end());
  };
  if (config.broker.in_process()) {
    return add(
        {{Verdict::kOk, "the broker is in the process of `waybill serve`: nothing to reach, nothing to declare", {}}});
  }
  const RabbitMqOptions options = rabbitmq_options(config, {"doctor", {}});
  const Topology wanted = topology_of(config);
  const auto survey = survey_rabbitmq(options, wanted);
  add(check_survey(survey, mask_password(config.broker.url)));
  if (config.broker.management_url.empty()) return leave_out_management(diagnosis, "set broker.management_url");
  const auto facts = ask_management(config.broker.management_url, options, wanted, SystemWallClock());
  if (!facts.ok()) {
    add({{Verdict::kWarning, facts.error().message, "correct broker.management_url; only the doctor uses it"}});
    return leave_out_management(diagnosis, "broker.management_url must answer");
  }
  add(check_management(*facts, wanted, config.dead_letter.queue));
  if (facts->rights) {
    add(check_rights(*facts->rights, wanted, config.dead_letter.queue,
                     {config.instance.roles.relay, config.instance.roles.worker}));
  } else {
    diagnosis.not_made.push_back(std::string(kRights) +
                                 (config.broker.external_login
                                      ? ": whom the certificate logs in, only the broker knows"
                                      : ": give the user of broker.management_url the tag administrator"));
  }
  if (!facts->alarms_known) diagnosis.not_made.emplace_back("alarms of each node: give the user the tag monitoring");
}

// One after the other: each is given no longer than a mail would wait for it.
void examine_relays(const Config& config, Diagnosis& diagnosis) {
  if (config.mail.smtp.relays.empty() || !config.instance.roles.worker) return;
  for (const auto& relay : smtp_options(config).relays) {
    diagnosis.findings.push_back(check_relay(relay, smtp::try_relay(relay)));
  }
  for (Finding& one : check_patience(config.worker.retry)) diagnosis.findings.push_back(std::move(one));
}

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kWarning:
      return "warning";
    case Verdict::kProblem:
      break;
  }
  return "problem";
}

}  // namespace

bool Diagnosis::has_problem() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.verdict == Verdict::kProblem; });
}

Diagnosis examine(const Config& config) {
  Diagnosis diagnosis;
  if (config.message_log.shared()) {
    const auto facts = kind_of(config.message_log).inspect(shared_log_options(config.message_log));
    diagnosis.findings = check_shared_log(facts, place_of(config.message_log));
    diagnosis.not_made.emplace_back("room on the message log's disk: only its server knows");
  }
  for (Finding& finding : check_local(gather_local(config))) diagnosis.findings.push_back(std::move(finding));
  examine_relays(config, diagnosis);
  examine_broker(config, diagnosis);
  return diagnosis;
}

std::string diagnosis_as_text(const Diagnosis& diagnosis) {
  std::string text;
  const auto line = [&](std::string begin, const std::string& rest) {
    begin.resize(std::max(begin.size(), kVerdictColumn), ' ');
    text += begin + escape_line(rest) + "\n";
  };
  for (const Finding& finding : diagnosis.findings) {
    line(name_of(finding.verdict), finding.what + (finding.advice.empty() ? "" : " → " + finding.advice));
  }
  for (const std::string& check : diagnosis.not_made) line("not made", check);
  return text;
}

std::string diagnosis_as_json(const Diagnosis& diagnosis) {
  boost::json::array findings;
  for (const Finding& finding : diagnosis.findings) {
    findings.push_back({{"verdict", name_of(finding.verdict)}, {"what", finding.what}, {"advice", finding.advice}});
  }
  boost::json::array not_made;
  for (const std::string& check : diagnosis.not_made) not_made.emplace_back(check);
  const boost::json::object all{
      {"healthy", !diagnosis.has_problem()}, {"findings", std::move(findings)}, {"not_made", std::move(not_made)}};
  return boost::json::serialize(all) + "\n";
}

}  // namespace waybill::app
