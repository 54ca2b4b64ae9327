#include "app/shared_log_checks.h"

#include <algorithm>

namespace waybill::app {
namespace {

constexpr Duration kClockEnough{1'000};
constexpr int kConnectionsEnough = 10;  // an instance takes three, and another must be able to join

Finding check_schema(const PostgresFacts& facts, const std::string& log) {
  if (!facts.has_log) return {Verdict::kOk, log + " is empty: the first `waybill serve` makes the log", {}};
  const auto missing = std::ranges::find(facts.migrations, false, &PostgresMigration::applied);
  if (missing != facts.migrations.end()) {
    return {Verdict::kProblem, log + " was made by an older program", "run `waybill migrate up` once"};
  }
  return {Verdict::kOk,
          log + ": schema " + std::to_string(facts.migrations.size()) + ", the newest; PostgreSQL " + facts.server,
          {}};
}

Finding check_durability(const PostgresFacts& facts) {
  if (facts.fsync != "on") {
    return {Verdict::kProblem, "the server runs with fsync=" + facts.fsync + ": a crash takes back what was accepted",
            "set fsync = on in postgresql.conf"};
  }
  if (facts.synchronous_commit != "on" && facts.synchronous_commit != "remote_apply") {
    return {Verdict::kProblem, "commits do not wait for the disk: synchronous_commit=" + facts.synchronous_commit,
            "let this role set synchronous_commit = on"};
  }
  if (facts.full_page_writes != "on") {
    return {Verdict::kWarning, "the server runs with full_page_writes=off: a power cut may tear pages",
            "set full_page_writes = on, unless the file system writes pages whole"};
  }
  return {Verdict::kOk,
          "every commit reaches the server's disk: fsync, synchronous_commit=" + facts.synchronous_commit,
          {}};
}

Finding check_rights(const PostgresFacts& facts) {
  if (facts.read_only) {
    return {Verdict::kProblem, "the server is read-only", "name the primary server with message_log.url"};
  }
  if (facts.may_write) return {Verdict::kOk, "the role may read and write all tables of the log", {}};
  return {Verdict::kProblem, "the role may not read and write all tables of the log",
          "an administrator runs: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO role"};
}

Finding check_clock(const PostgresFacts& facts) {
  const std::string ahead = std::to_string(std::chrono::abs(facts.clock_ahead).count()) + " ms " +
                            (facts.clock_ahead < Duration{0} ? "behind" : "ahead of") + " this machine's";
  if (std::chrono::abs(facts.clock_ahead) <= kClockEnough) return {Verdict::kOk, "the server's clock is " + ahead, {}};
  return {Verdict::kWarning, "the server's clock is " + ahead,
          "let both follow one time (NTP); rows follow the server's"};
}

}  // namespace

Findings check_shared_log(const Result<PostgresFacts>& facts, const std::string& place) {
  const std::string log = "message log " + place;
  if (!facts.ok()) return {{Verdict::kProblem, facts.error().message, "correct message_log.url, or start the server"}};
  Findings findings{check_schema(*facts, log), check_durability(*facts)};
  if (facts->has_log) findings.push_back(check_rights(*facts));
  findings.push_back(check_clock(*facts));
  if (!facts->tls) {
    findings.push_back(
        {Verdict::kOk, "the connection to the server is not encrypted; sslmode=verify-full asks for it", {}});
  }
  if (facts->connections_left < kConnectionsEnough) {
    findings.push_back({Verdict::kWarning,
                        "the server has only " + std::to_string(facts->connections_left) + " connections left",
                        "raise max_connections in postgresql.conf, or close some"});
  }
  return findings;
}

}  // namespace waybill::app
