#include "app/broker_checks.h"

#include <algorithm>

namespace waybill::app {
namespace {

using Standing = SurveyedThing::Standing;

constexpr Duration kClocksApart{5'000};
constexpr const char* kDeclare = "`waybill topology declare`, or the next `waybill serve`, declares it";

Finding unreachable(const Error& error, const std::string& where) {
  const bool refused = error.what == ErrorClass::kPermanent;
  return {Verdict::kProblem, "broker " + where + ": " + error.message,
          refused ? "correct broker.url, broker.password or the broker.tls keys, or what the broker allows this user"
                  : "start the broker, or correct broker.url; until then messages are accepted and not delivered"};
}

Finding finding_of(const char* kind, const SurveyedThing& thing, const std::string& as_wanted) {
  const std::string name = std::string(kind) + " '" + thing.name + "'";
  switch (thing.standing) {
    case Standing::kAsWanted:
      return {Verdict::kOk, name + as_wanted, {}};
    case Standing::kMissing:
      return {Verdict::kWarning, name + " does not exist", kDeclare};
    case Standing::kDiffers:
      return {Verdict::kProblem, name + " exists with other properties: " + thing.detail,
              "remove it once it is empty, or configure it as it is or under another name"};
    case Standing::kNotCompared:
      return {Verdict::kWarning, name + " exists; this user has no right to declare it, so it was not compared",
              "give the user the right (configure), or see to it that it is durable and of the configured type"};
    case Standing::kUnusable:
      return {Verdict::kProblem, name + " cannot be used: " + thing.detail, "look at it in the broker"};
  }
  return {};
}

std::string plural(std::uint32_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string counts(const SurveyedThing& queue) {
  return ": as configured, " + plural(queue.messages, "message") + " ready, " + plural(queue.consumers, "consumer");
}

Finding alarm(const BrokerSurvey& survey) {
  switch (survey.alarm) {
    case BrokerSurvey::Alarm::kNone:
      return {Verdict::kOk, "no alarm: the broker takes what is published", {}};
    case BrokerSurvey::Alarm::kBlocked:
      return {Verdict::kProblem, "the broker takes nothing that is published: " + survey.alarm_reason,
              "free what it is short of (memory, disk), or raise its limit; messages are accepted meanwhile"};
    case BrokerSurvey::Alarm::kUnknown:
      break;
  }
  return {Verdict::kWarning,
          "whether there is an alarm was not told: this user may not publish to the default exchange",
          "nothing has to be done; `waybill serve` is told of alarms as soon as it publishes"};
}

/// Whatever takes messages out of a queue before they are handled.
Findings check_dropping(const ManagedQueue& queue, Verdict verdict) {
  const std::string name = "queue '" + queue.name + "'";
  const std::string by = queue.policy.empty() ? " (by its arguments)" : " (policy '" + queue.policy + "')";
  Findings findings;
  if (queue.message_ttl) {
    findings.push_back({verdict, name + " drops messages after " + std::to_string(*queue.message_ttl) + " ms" + by,
                        "remove message-ttl: Waybill itself drives again what waits too long"});
  }
  if (queue.expires) {
    findings.push_back({verdict, name + " is removed after " + std::to_string(*queue.expires) + " ms unused" + by,
                        "remove expires, or messages are lost with the queue while no worker runs"});
  }
  if (queue.drops_when_full) {
    findings.push_back({verdict, name + " drops its oldest messages when it is full" + by,
                        "set overflow to reject-publish, or remove max-length"});
  }
  if (findings.empty()) {
    findings.push_back({Verdict::kOk, name + ": nothing drops messages" + (queue.policy.empty() ? "" : by), {}});
  }
  return findings;
}

Finding check_clock(Duration ahead) {
  const auto apart = ahead < Duration{0} ? -ahead : ahead;
  if (apart < kClocksApart) return {Verdict::kOk, "the broker's clock and this one agree", {}};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(apart).count();
  return {Verdict::kWarning,
          "the broker's clock is " + std::to_string(seconds) + " s " + (ahead > Duration{0} ? "ahead" : "behind"),
          "let both machines follow a time server (NTP); times of messages cannot be compared"};
}

Finding check_binding(const Binding& binding, const ManagedQueue& queue) {
  const std::string key = binding.route.exchange + " / " + binding.route.routing_key;
  const bool bound = std::find(queue.bindings.begin(), queue.bindings.end(), binding.route) != queue.bindings.end();
  if (bound) return {Verdict::kOk, "queue '" + queue.name + "' is bound to " + key, {}};
  return {Verdict::kProblem, "queue '" + queue.name + "' is not bound to " + key + ": nothing published there arrives",
          kDeclare};
}

/// A right that is needed: what for, and the pattern that must cover `name`.
struct Need {
  std::string to;
  std::string name;
  const char* right;
  const std::string& pattern;
};

Findings check_need(const ManagedRights& rights, const Need& need) {
  const auto covered = covers(need.pattern, need.name);
  if (covered == true) return {};
  const std::string pattern = std::string(need.right) + " '" + need.pattern + "'";
  if (!covered) {
    return {{Verdict::kWarning, "whether user '" + rights.user + "' may " + need.to + " is not known: " + pattern,
             "look whether that pattern covers '" + need.name + "'"}};
  }
  return {{Verdict::kProblem, "user '" + rights.user + "' may not " + need.to + ": " + pattern + " does not cover it",
           "give the user that right (rabbitmqctl set_permissions)"}};
}

}  // namespace

Findings check_rights(const ManagedRights& rights, const Topology& wanted, const QueueName& dead_letters,
                      BrokerUse use) {
  std::vector<Need> needs;
  if (use.publishes) {
    for (const std::string& exchange : wanted.exchanges) {
      needs.push_back({"publish to exchange '" + exchange + "'", exchange, "write", rights.write});
    }
    needs.push_back({"publish to the default exchange, as retries of other programs' messages are", "amq.default",
                     "write", rights.write});
  }
  for (const QueueDeclaration& queue : wanted.queues) {
    if (!use.consumes || queue.name == dead_letters) continue;
    needs.push_back({"consume from queue '" + queue.name.value + "'", queue.name.value, "read", rights.read});
  }
  Findings findings;
  for (const Need& need : needs) {
    for (Finding& one : check_need(rights, need)) findings.push_back(std::move(one));
  }
  if (findings.empty() && !needs.empty()) {
    findings.push_back({Verdict::kOk, "user '" + rights.user + "' may publish and consume as configured", {}});
  }
  return findings;
}

Findings check_management(const ManagementFacts& facts, const Topology& wanted, const QueueName& dead_letters) {
  Findings findings;
  for (const std::string& alarm : facts.alarms) {
    findings.push_back({Verdict::kProblem, "alarm: " + alarm + "; the broker takes nothing that is published",
                        "free it, or raise its limit"});
  }
  if (facts.alarms_known && facts.alarms.empty()) findings.push_back({Verdict::kOk, "no node has an alarm", {}});
  for (const ManagedQueue& queue : facts.queues) {
    const bool copies = queue.name == dead_letters.value;
    for (Finding& one : check_dropping(queue, copies ? Verdict::kWarning : Verdict::kProblem)) {
      findings.push_back(std::move(one));
    }
    for (const Binding& binding : wanted.bindings) {
      const bool default_exchange = binding.route.exchange.empty();  // it leads there by itself
      if (binding.queue.value == queue.name && !default_exchange) findings.push_back(check_binding(binding, queue));
    }
  }
  if (facts.clock_ahead) findings.push_back(check_clock(*facts.clock_ahead));
  return findings;
}

Findings check_survey(const Result<BrokerSurvey>& survey, const std::string& where) {
  if (!survey.ok()) return {unreachable(survey.error(), where)};
  Findings findings;
  findings.push_back(
      {Verdict::kOk,
       "broker " + survey->address + " is " + survey->product + " " + survey->version + ": user and vhost are accepted",
       {}});
  findings.push_back(alarm(*survey));
  for (const SurveyedThing& exchange : survey->exchanges) {
    findings.push_back(finding_of("exchange", exchange, ": as configured"));
  }
  for (const SurveyedThing& queue : survey->queues) findings.push_back(finding_of("queue", queue, counts(queue)));
  return findings;
}

}  // namespace waybill::app
