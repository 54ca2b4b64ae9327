#include "api/types.h"
#include "cli/bulk_change.h"
#include "cli/client_command.h"
#include "cli/commands.h"
#include "cli/selection.h"
#include "cli/state_change.h"

namespace waybill::cli {
namespace {

class RetryCommand final : public ClientCommand {
 public:
  std::string name() const override { return "retry"; }
  std::string summary() const override { return "Drive dead, cancelled or unknown messages again"; }
  std::vector<std::string> examples() const override {
    return {"waybill retry 7512345678901234567", "waybill retry 7512345678901234567 --again",
            "waybill retry --status dead --since 2h                       # how many would it be?",
            "waybill retry --status dead --since 2h --limit 1000 --rate 50 --yes"};
  }

 protected:
  std::vector<Option> own_options() override {
    std::vector<Option> all = {{"ID", "One message; without it, all that the next four choose", &id_}};
    for (Option& option : selection_.options()) all.push_back(std::move(option));
    all.push_back({"--limit", "At most so many (default: all)", BoundedInt{&limit_, 1, 1'000'000'000}, false, "N"});
    all.push_back({"--rate", "So many a second (default: as fast as it goes)",
                   BoundedNumber{&rate_, 0.001, api::BulkRequest::kRateMax}, false, "N"});
    all.push_back(
        {"--again",
         "Even if its effect is known to have happened: it happens again, but not to a recipient that has the mail",
         &again_});
    all.push_back({"--yes", "Do it; without it they are only counted", &yes_});
    return all;
  }

  ExitCode run_with(const Client& client) override {
    if (!id_.empty() && selection_.given()) {
      return report_usage(make_error(ErrorClass::kPermanent, "name one message, or choose many: not both"));
    }
    if (!id_.empty()) {
      return change_state(client, id_, "retry", api::to_json(api::RetryRequest{again_}), json());
    }
    if (!selection_.given()) {
      return report_usage(make_error(ErrorClass::kPermanent,
                                     "which message? Name it, or choose with --status, --queue, --since or --until"));
    }
    auto selected = selection_.read();
    if (!selected.ok()) return report_usage(selected.error());
    api::BulkRequest& request = *selected;
    if (!request.status) request.status = State::kDead;
    request.again = again_;
    request.rate = rate_;
    const BulkPlan plan{api::BulkVerb::kRetry, {request}, limit_, json()};
    return yes_ ? run_bulk(client, plan) : preview_bulk(client, plan);
  }

 private:
  std::string id_;
  SelectionOptions selection_;
  int limit_ = 0;
  double rate_ = 0;
  bool again_ = false;
  bool yes_ = false;
};

}  // namespace

std::unique_ptr<Command> make_retry_command() { return std::make_unique<RetryCommand>(); }

}  // namespace waybill::cli
