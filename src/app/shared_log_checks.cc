#include "app/shared_log_checks.h"

#include <algorithm>

namespace waybill::app {
namespace {

constexpr Duration kClockEnough{1'000};
constexpr int kConnectionsEnough = 10;  // an instance takes four, and another must be able to join

Finding check_schema(const SharedLogFacts& facts, const std::string& log) {
  if (!facts.has_log) return {Verdict::kOk, log + " is empty: the first `waybill serve` makes the log", {}};
  const auto missing = std::ranges::find(facts.migrations, false, &LogMigration::applied);
  if (missing != facts.migrations.end()) {
    return {Verdict::kProblem, log + " was made by an older program", "run `waybill migrate up` once"};
  }
  return {
      Verdict::kOk, log + ": schema " + std::to_string(facts.migrations.size()) + ", the newest; " + facts.server, {}};
}

Finding check_durability(const SharedLogFacts& facts) {
  const auto verdict = [&] {
    switch (facts.durability) {
      case SharedLogFacts::Durability::kSafe:
        return Verdict::kOk;
      case SharedLogFacts::Durability::kDoubtful:
        return Verdict::kWarning;
      case SharedLogFacts::Durability::kUnsafe:
        break;
    }
    return Verdict::kProblem;
  };
  return {verdict(), facts.durability_is, facts.durability_advice};
}

Finding check_rights(const SharedLogFacts& facts) {
  if (facts.read_only) {
    return {Verdict::kProblem, "the server is read-only", "name the primary server with message_log.url"};
  }
  if (facts.may_write) return {Verdict::kOk, "the user may read and write all tables of the log", {}};
  return {Verdict::kProblem, "the user may not read and write all tables of the log",
          "an administrator runs: " + facts.write_advice};
}

Finding check_clock(const SharedLogFacts& facts) {
  const std::string ahead = std::to_string(std::chrono::abs(facts.clock_ahead).count()) + " ms " +
                            (facts.clock_ahead < Duration{0} ? "behind" : "ahead of") + " this machine's";
  if (std::chrono::abs(facts.clock_ahead) <= kClockEnough) return {Verdict::kOk, "the server's clock is " + ahead, {}};
  return {Verdict::kWarning, "the server's clock is " + ahead,
          "let both follow one time (NTP); rows follow the server's"};
}

}  // namespace

Findings check_shared_log(const Result<SharedLogFacts>& facts, const std::string& place) {
  const std::string log = "message log " + place;
  if (!facts.ok()) return {{Verdict::kProblem, facts.error().message, "correct message_log.url, or start the server"}};
  Findings findings{check_schema(*facts, log), check_durability(*facts)};
  if (facts->has_log) findings.push_back(check_rights(*facts));
  findings.push_back(check_clock(*facts));
  if (!facts->tls) {
    findings.push_back({Verdict::kOk, "the connection to the server is not encrypted; " + facts->tls_advice, {}});
  }
  if (facts->connections_left < kConnectionsEnough) {
    findings.push_back({Verdict::kWarning,
                        "the server has only " + std::to_string(facts->connections_left) + " connections left",
                        facts->connections_advice});
  }
  return findings;
}

}  // namespace waybill::app
