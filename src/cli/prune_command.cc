#include <algorithm>

#include "api/types_bulk.h"
#include "app/config_value.h"
#include "cli/client_command.h"
#include "cli/commands.h"
#include "cli/interruption.h"
#include "cli/output.h"
#include "cli/patience.h"
#include "cli/progress.h"

namespace waybill::cli {
namespace {

class PruneCommand final : public ClientCommand {
 public:
  std::string name() const override { return "prune"; }
  std::string summary() const override { return "Remove messages that ended long ago"; }
  std::vector<std::string> examples() const override {
    return {"waybill prune --older-than 30d                # how many are kept?",
            "waybill prune --older-than 30d --limit 1000000 --yes"};
  }

 protected:
  std::vector<Option> own_options() override {
    return {{"--older-than", "How long ago they ended: 30d, 12h", &older_than_, true, "TIME"},
            {"--limit", "At most so many (default: all)", BoundedInt{&limit_, 1, 1'000'000'000}, false, "N"},
            {"--yes", "Do it; without it nothing is removed", &yes_}};
  }

  ExitCode run_with(const Client& client) override {
    const auto age = app::parse_duration(older_than_);
    if (!age.ok()) {
      return report_usage(make_error(ErrorClass::kPermanent, "--older-than: " + age.error().message));
    }
    return yes_ ? prune(client, *age) : preview(client);
  }

 private:
  static constexpr int kPageRows = 10'000;
  static constexpr std::string_view kGoOn = "Run the command again: it goes on with the rest";

  // How many of them are old enough only the removal itself finds out.
  [[nodiscard]] ExitCode preview(const Client& client) const {
    const auto answer = client.get("/v1/stats");
    if (!answer.ok()) return report(answer.error());
    const auto stats = api::parse_stats(*answer);
    if (!stats.ok()) return report(stats.error());
    const auto count = [&](State state) { return std::to_string(stats->states[static_cast<std::size_t>(state)]); };
    if (json()) {
      print_line(R"({"consumed":)" + count(State::kConsumed) + R"(,"cancelled":)" + count(State::kCancelled) + "}");
    } else {
      print_line("kept are " + count(State::kConsumed) + " consumed and " + count(State::kCancelled) +
                 " cancelled messages, and external ones that were sent; those older than " + older_than_ +
                 " would go. Nothing was removed: add --yes");
    }
    return ExitCode::kDone;
  }

  [[nodiscard]] ExitCode prune(const Client& client, Duration age) const {
    const Interruption interruption;
    Patience patience([&](Duration time) { return interruption.pause(time); });
    Progress progress("prune", limit_);
    std::int64_t pruned = 0;
    bool more = true;
    std::optional<Error> error;
    while (more && !error && !interruption.asked() && (limit_ == 0 || pruned < limit_)) {
      const auto part = prune_part(client, patience, age, pruned);
      if (!part.ok()) {
        error = part.error();
        continue;
      }
      patience.renew();
      pruned += part->pruned;
      more = part->more;
      progress.update(pruned);
    }
    progress.clear();
    const bool done = !error && (!more || (limit_ > 0 && pruned >= limit_));
    print_line(json() ? R"({"pruned":)" + std::to_string(pruned) + R"(,"more":)" + (more ? "true}" : "false}")
                      : "removed " + std::to_string(pruned) + (pruned == 1 ? " message" : " messages") +
                            (more ? "; more may be left" : ""));
    if (error) return report(advise(*error, kGoOn, kGoOn));
    return done ? ExitCode::kDone : ExitCode::kFailed;
  }

  [[nodiscard]] Result<api::PruneView> prune_part(const Client& client, Patience& patience, Duration age,
                                                  std::int64_t pruned) const {
    const std::int64_t left = limit_ > 0 ? limit_ - pruned : kPageRows;
    const api::PruneRequest request{age, static_cast<int>(std::min<std::int64_t>(left, kPageRows))};
    const auto answer = Client::body_of(patience.send(client, {.method = "POST",
                                                               .target = "/v1/prune",
                                                               .headers = {{"Content-Type", "application/json"}},
                                                               .body = to_json(request)}));
    return answer.ok() ? api::parse_prune(*answer) : Result<api::PruneView>(answer.error());
  }

  std::string older_than_;
  int limit_ = 0;
  bool yes_ = false;
};

}  // namespace

std::unique_ptr<Command> make_prune_command() { return std::make_unique<PruneCommand>(); }

}  // namespace waybill::cli
