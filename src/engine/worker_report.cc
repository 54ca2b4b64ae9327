#include "engine/worker_report.h"

#include <cstdlib>
#include <variant>

#include "base/log.h"
#include "engine/lapse_report.h"

namespace waybill {
namespace {

constexpr const char* kComponent = "worker";

Count count_of(ClaimVerdict verdict) {
  switch (verdict) {
    case ClaimVerdict::kGranted:
      return Count::kClaimGranted;
    case ClaimVerdict::kFinished:
      return Count::kClaimFinished;
    case ClaimVerdict::kCancelled:
      return Count::kClaimCancelled;
    case ClaimVerdict::kDead:
      return Count::kClaimDead;
    case ClaimVerdict::kBusy:
      return Count::kClaimBusy;
    case ClaimVerdict::kOnHold:
      return Count::kClaimOnHold;
    case ClaimVerdict::kNotDue:
      return Count::kClaimNotDue;
    case ClaimVerdict::kAnotherMessage:
      return Count::kClaimAnotherMessage;
    case ClaimVerdict::kUnknownId:
      return Count::kClaimUnknownId;
  }
  std::abort();
}

std::string reason_of(const HandlerOutcome& outcome) {
  if (const auto* retry = std::get_if<Retry>(&outcome)) return retry->error;
  if (const auto* fail = std::get_if<Fail>(&outcome)) return fail->error;
  if (const auto* unknown = std::get_if<Unknown>(&outcome)) return unknown->detail;
  return {};
}

Count count_of_ending(State status) {
  switch (status) {
    case State::kDead:
      return Count::kDead;
    case State::kOutcomeUnknown:
      return Count::kUnknown;
    case State::kConsumed:
      return Count::kConsumed;
    case State::kSending:
    case State::kSent:
    case State::kSendFailed:
    case State::kConsumeFailed:
    case State::kCancelled:
      break;
  }
  return Count::kFailed;
}

std::string_view told(const WorkerAsked& asked, State status) {
  if (status == State::kDead) return "message is dead";
  return asked.uses_try ? "attempt failed" : "attempt failed and used up no try";
}

void report_finish(Metrics& metrics, const WorkerAsked& asked, const FinishAnswer& answer) {
  if (answer.possible_duplicate) {
    metrics.add(Count::kPossibleDuplicates);
    log_event(LogLevel::kWarning, kComponent, "possible duplicate: an effect was done beside a newer attempt",
              {{"msg_id", asked.id}});
  }
  if (answer.kind == FinishAnswer::Kind::kLateDone) {
    metrics.add(Count::kLateDone);
    log_event(LogLevel::kWarning, kComponent, "late done: an effect was done after its message had ended",
              {{"msg_id", asked.id}, {"status", to_string(answer.status)}});
  }
  if (answer.kind != FinishAnswer::Kind::kRecorded || asked.late) return;
  metrics.add(count_of_ending(answer.status));
  if (!asked.failed) return;
  const bool ended = answer.status == State::kDead;
  log_event(ended ? LogLevel::kError : LogLevel::kWarning, kComponent, told(asked, answer.status),
            {{"msg_id", asked.id}, {"status", to_string(answer.status)}, {"error", asked.error}});
}

}  // namespace

WorkerAsked remember(const Write& write, bool late) {
  WorkerAsked asked;
  if (const auto* finish = std::get_if<Finish>(&write)) {
    asked.measure = Measure::kFinishSeconds;
    asked.id = finish->fence.id.value;
    if (std::holds_alternative<Done>(finish->outcome)) return asked;
    asked.failed = true;
    asked.late = late;
    asked.error = reason_of(finish->outcome);
    if (const auto* retry = std::get_if<Retry>(&finish->outcome)) asked.uses_try = retry->uses_try;
  }
  if (std::holds_alternative<Claim>(write) || std::holds_alternative<Adopt>(write)) {
    asked.measure = Measure::kClaimSeconds;
  }
  asked.parks = std::holds_alternative<Park>(write);
  return asked;
}

void report(Metrics& metrics, const WorkerAsked& asked, const Result<Answer>& answer,
            std::chrono::steady_clock::duration time) {
  if (!answer.ok()) return;
  if (asked.measure) metrics.observe(*asked.measure, time);
  if (asked.parks) metrics.add(Count::kParked);
  if (const auto* claim = std::get_if<ClaimAnswer>(&*answer)) {
    metrics.add(count_of(claim->verdict));
    if (claim->lapsed) report_lapse(metrics, kComponent, *claim->lapsed);
  }
  if (const auto* finish = std::get_if<FinishAnswer>(&*answer)) report_finish(metrics, asked, *finish);
}

}  // namespace waybill
