#include "app/local_checks.h"

namespace waybill::app {
namespace {

constexpr std::uint64_t kMiB = 1U << 20U;
constexpr std::uint64_t kFreeLeast = 100 * kMiB;
constexpr std::uint64_t kFreeEnough = 1'024 * kMiB;

Finding check_log(const LocalFacts& facts) {
  const std::string log = "message log " + facts.log_file;
  if (!facts.log) return {Verdict::kOk, log + " does not exist yet: the first `waybill serve` makes it", {}};
  if (!facts.log->ok()) {
    return {Verdict::kProblem, facts.log->error().message, "name the log with message_log.url or data.dir"};
  }
  return {Verdict::kOk, log + ": schema " + std::to_string((**facts.log).schema) + ", the newest", {}};
}

Finding check_durability(const SqliteFacts& facts) {
  if (!facts.syncs_commits) {
    return {Verdict::kProblem, "SQLite does not accept synchronous=FULL: what is accepted would not be safe",
            "use the system's own SQLite library"};
  }
  if (facts.journal_mode != "wal") {
    return {Verdict::kWarning, "the message log's journal mode is " + facts.journal_mode + ", not WAL",
            "another program has changed it; the next `waybill serve` sets it back, or says why it cannot"};
  }
  return {Verdict::kOk, "every commit reaches the disk: WAL, synchronous=FULL", {}};
}

Finding check_space(std::uint64_t free_bytes) {
  const std::string what = std::to_string(free_bytes / kMiB) + " MiB are free on the message log's disk";
  if (free_bytes < kFreeLeast) return {Verdict::kProblem, what, "free some room: nothing is accepted on a full disk"};
  if (free_bytes < kFreeEnough) {
    return {Verdict::kWarning, what, "free some room, or remove finished messages earlier (prune.age)"};
  }
  return {Verdict::kOk, what, {}};
}

Finding check_mail(const LocalFacts& facts) {
  const std::string directory = "mail directory " + facts.maildir;
  if (!facts.mail_writable) return {Verdict::kOk, directory + " does not exist yet: it is made when it is needed", {}};
  if (facts.mail_writable->ok()) return {Verdict::kOk, directory + " can be written to", {}};
  return {Verdict::kProblem, directory + " cannot be written to: " + facts.mail_writable->error().message,
          "correct that, or name another directory with mail.maildir"};
}

}  // namespace

Findings check_local(const LocalFacts& facts) {
  Findings findings;
  if (!facts.log_file.empty()) findings.push_back(check_log(facts));
  if (facts.log && facts.log->ok()) findings.push_back(check_durability(**facts.log));
  if (facts.free_bytes) findings.push_back(check_space(*facts.free_bytes));
  if (!facts.maildir.empty()) findings.push_back(check_mail(facts));
  return findings;
}

}  // namespace waybill::app
