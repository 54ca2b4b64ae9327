#include "cli/bulk_change.h"
#include "cli/client_command.h"
#include "cli/commands.h"
#include "cli/selection.h"
#include "cli/state_change.h"

namespace waybill::cli {
namespace {

class CancelCommand final : public ClientCommand {
 public:
  std::string name() const override { return "cancel"; }
  std::string summary() const override { return "Withdraw messages before their effect"; }
  std::vector<std::string> examples() const override {
    return {"waybill cancel 7512345678901234567",
            "waybill cancel --queue mail.queue --since 10m                # how many would it be?",
            "waybill cancel --queue mail.queue --since 10m --yes"};
  }

 protected:
  std::vector<Option> own_options() override {
    std::vector<Option> all = {{"ID", "One message; without it, all that the next four choose", &id_}};
    for (Option& option : selection_.options()) all.push_back(std::move(option));
    all.push_back({"--limit", "At most so many (default: all)", BoundedInt{&limit_, 1, 1'000'000'000}, false, "N"});
    all.push_back({"--rate", "So many a second (default: as fast as it goes)",
                   BoundedNumber{&rate_, 0.001, api::BulkRequest::kRateMax}, false, "N"});
    all.push_back({"--yes", "Do it; without it they are only counted", &yes_});
    return all;
  }

  ExitCode run_with(const Client& client) override {
    if (!id_.empty() && selection_.given()) {
      return report_usage(make_error(ErrorClass::kPermanent, "name one message, or choose many: not both"));
    }
    if (!id_.empty()) return change_state(client, id_, "cancel", "{}", json());
    if (!selection_.given()) {
      return report_usage(make_error(ErrorClass::kPermanent,
                                     "which message? Name it, or choose with --status, --queue, --since or --until"));
    }
    const auto selected = selection_.read();
    if (!selected.ok()) return report_usage(selected.error());
    const BulkPlan plan{api::BulkVerb::kCancel, selections_of(*selected), limit_, json()};
    return yes_ ? run_bulk(client, plan) : preview_bulk(client, plan);
  }

 private:
  // Without a state all that is open, one state after the other: the final ones, which may be millions, are not even
  // looked at. In the direction that messages move, so that none slips through.
  [[nodiscard]] std::vector<api::BulkRequest> selections_of(api::BulkRequest request) const {
    request.rate = rate_;
    if (request.status) return {request};
    std::vector<api::BulkRequest> all;
    for (const State state :
         {State::kConsumeFailed, State::kOutcomeUnknown, State::kSendFailed, State::kSending, State::kSent}) {
      request.status = state;
      all.push_back(request);
    }
    return all;
  }

  std::string id_;
  SelectionOptions selection_;
  int limit_ = 0;
  double rate_ = 0;
  bool yes_ = false;
};

}  // namespace

std::unique_ptr<Command> make_cancel_command() { return std::make_unique<CancelCommand>(); }

}  // namespace waybill::cli
