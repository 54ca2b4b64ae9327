#include "cli/bulk_change.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include "cli/interruption.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/selection.h"

namespace waybill::cli {
namespace {

constexpr int kPageRows = 1'000;
// With a rate, a page is what comes due in this time: so much is too much at most when it is stopped.
constexpr double kPaceSeconds = 2;

struct Words {
  const char* path;
  const char* verb;  ///< retry them
  const char* done;  ///< retried
};
Words words_of(api::BulkVerb verb) {
  switch (verb) {
    case api::BulkVerb::kRetry:
      return {"/v1/messages/retry", "retry", "retried"};
    case api::BulkVerb::kCancel:
      return {"/v1/messages/cancel", "cancel", "cancelled"};
  }
  std::abort();
}

HttpRequest post(const char* path, const api::BulkRequest& request) {
  return {
      .method = "POST", .target = path, .headers = {{"Content-Type", "application/json"}}, .body = to_json(request)};
}

Duration seconds(double count) { return std::chrono::ceil<Duration>(std::chrono::duration<double>(count)); }

std::string count_text(std::int64_t count, const char* after = "") {
  return std::to_string(count) + (count == 1 ? " message" : " messages") + after;
}

Result<api::MatchView> count_all(const Client& client, const BulkPlan& plan) {
  api::MatchView sum;
  for (api::BulkRequest selection : plan.selections) {
    selection.dry_run = true;
    const auto answer = Client::body_of(client.send(post(words_of(plan.verb).path, selection)));
    if (!answer.ok()) return answer.error();
    const auto match = api::parse_match(*answer);
    if (!match.ok()) return match.error();
    sum.matched += match->matched;
    sum.exact = sum.exact && match->exact;
  }
  return sum;
}

std::string preview_text(const BulkPlan& plan, const api::MatchView& match) {
  const Words words = words_of(plan.verb);
  api::BulkRequest shown = plan.selections.front();
  if (plan.selections.size() > 1) shown.status.reset();
  const std::string which = text_of(shown, "still open");
  if (match.matched == 0) return "no messages match (" + which + ")";
  std::string text = (match.exact ? "" : "at least ") + count_text(match.matched) +
                     (match.matched == 1 ? " matches (" : " match (") + which + ")";
  if (plan.limit > 0 && plan.limit < match.matched)
    text += "; --limit takes " + std::to_string(plan.limit) + " of them";
  return text + ". Nothing was changed: add --yes to " + words.verb + " them";
}

// The work of one run, and what it came to.
class BulkRun {
 public:
  BulkRun(const Client& client, const BulkPlan& plan, const Patience::Pause& pause, std::int64_t total)
      : client_(client),
        plan_(plan),
        pause_(pause),
        patience_(pause, repeats(plan)),
        progress_(words_of(plan.verb).verb, total) {}

  // The error that ended it before all was done; nothing if it was done, or stopped.
  std::optional<Error> run() {
    for (const api::BulkRequest& selection : plan_.selections) {
      api::BulkRequest request = selection;
      request.cursor.clear();
      do {
        if (stopped_ || limit_reached()) return std::nullopt;
        if (auto error = run_page(request)) return error;
      } while (!request.cursor.empty());
    }
    complete_ = true;
    return std::nullopt;
  }

  void report() {
    progress_.clear();
    const Words words = words_of(plan_.verb);
    if (plan_.json) {
      const std::string doubt = in_doubt_ > 0 ? R"(,"in_doubt":)" + std::to_string(in_doubt_) : "";
      print_line(R"({"changed":)" + std::to_string(changed_) + R"(,"refused":)" + std::to_string(refused_) + doubt +
                 R"(,"complete":)" + (done() ? "true}" : "false}"));
      return;
    }
    std::string text = words.done + (" " + count_text(changed_));
    if (refused_ > 0) text += "; " + count_text(refused_, " could not be: their state forbade it");
    if (in_doubt_ > 0) text += "; up to " + std::to_string(in_doubt_) + " more may have been";
    if (!done()) text += "; the rest was left as it is";
    print_line(text);
  }

  [[nodiscard]] bool done() const { return complete_ || limit_reached(); }

  // After an answer that left something in doubt.
  [[nodiscard]] std::string_view advice() const {
    return repeats(plan_) == Patience::Repeats::kAnything
               ? "Run the command again: it goes on with the rest"
               : "Look with `waybill list` before you run it again: what was done would be done once more";
  }

 private:
  // What was changed already does not match any more, or is refused; but the effects of consumed messages would be
  // repeated once more.
  static Patience::Repeats repeats(const BulkPlan& plan) {
    const bool again =
        std::any_of(plan.selections.begin(), plan.selections.end(), [](const auto& s) { return s.again; });
    return again ? Patience::Repeats::kWhatDidNotHappen : Patience::Repeats::kAnything;
  }

  [[nodiscard]] bool limit_reached() const { return plan_.limit > 0 && changed_ >= plan_.limit; }

  [[nodiscard]] int page_rows(double rate) const {
    std::int64_t rows = kPageRows;
    if (rate > 0) rows = std::clamp<std::int64_t>(std::llround(rate * kPaceSeconds), 1, kPageRows);
    if (plan_.limit > 0) rows = std::min(rows, plan_.limit - changed_);
    return static_cast<int>(rows);
  }

  std::optional<Error> run_page(api::BulkRequest& request) {
    const auto wait = std::chrono::ceil<Duration>(next_page_ - std::chrono::steady_clock::now());
    stopped_ = !pause_(std::max(wait, Duration{0}));
    if (stopped_) return std::nullopt;
    const MonoTime begin = std::chrono::steady_clock::now();
    request.limit = page_rows(request.rate);
    const auto answer = Client::body_of(patience_.send(client_, post(words_of(plan_.verb).path, request)));
    if (!answer.ok()) {
      if (answer.error().what == ErrorClass::kInDoubt) in_doubt_ = request.limit;
      return answer.error();
    }
    const auto report = api::parse_bulk(*answer);
    if (!report.ok()) return report.error();
    patience_.renew();
    changed_ += report->changed;
    refused_ += report->refused;
    request.cursor = report->next_cursor;
    progress_.update(changed_ + refused_);
    if (request.rate > 0) next_page_ = begin + seconds((report->changed + report->refused) / request.rate);
    return std::nullopt;
  }

  const Client& client_;
  const BulkPlan& plan_;
  const Patience::Pause& pause_;
  Patience patience_;
  Progress progress_;
  MonoTime next_page_{};
  std::int64_t changed_ = 0;
  std::int64_t refused_ = 0;
  std::int64_t in_doubt_ = 0;  // of these any number may have been changed
  bool stopped_ = false;
  bool complete_ = false;
};

// For the bar, if there will be one; 0 if it cannot be had.
std::int64_t total_of(const Client& client, const BulkPlan& plan) {
  if (!Progress::on_terminal()) return 0;
  const auto match = count_all(client, plan);
  if (!match.ok() || (!match->exact && plan.limit == 0)) return 0;
  return plan.limit > 0 ? std::min(plan.limit, match->matched) : match->matched;
}

}  // namespace

ExitCode preview_bulk(const Client& client, const BulkPlan& plan) {
  const auto match = count_all(client, plan);
  if (!match.ok()) return report(match.error());
  print_line(plan.json ? to_json(*match) : preview_text(plan, *match));
  return ExitCode::kDone;
}

ExitCode run_bulk(const Client& client, const BulkPlan& plan, const Patience::Pause& pause) {
  BulkRun run(client, plan, pause, total_of(client, plan));
  const auto error = run.run();
  run.report();
  if (error) return report(advise(*error, run.advice(), "Try again later"));
  return run.done() ? ExitCode::kDone : ExitCode::kFailed;
}

ExitCode run_bulk(const Client& client, const BulkPlan& plan) {
  const Interruption interruption;
  return run_bulk(client, plan, [&](Duration time) { return interruption.pause(time); });
}

}  // namespace waybill::cli
