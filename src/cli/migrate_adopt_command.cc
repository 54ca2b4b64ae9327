#include <algorithm>
#include <string>

#include "api/types.h"
#include "app/config_value.h"
#include "app/migrate.h"
#include "base/time_zone.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/interruption.h"
#include "cli/log_command.h"
#include "cli/output.h"
#include "cli/progress.h"

namespace waybill::cli {
namespace {

std::string messages(std::int64_t count) { return std::to_string(count) + (count == 1 ? " message" : " messages"); }

bool is_classic(const std::optional<std::int64_t>& status) { return status && *status >= 0 && *status <= 3; }

struct Totals {
  std::int64_t all = 0;
  std::int64_t consumed = 0;
  std::int64_t done = 0;  ///< sent, and old enough
  std::int64_t held = 0;
  std::int64_t other = 0;
};

Totals totals_of(const AdoptionPlan& plan, bool sent_is_done) {
  Totals totals;
  for (const ClassicCount& count : plan.counts) {
    totals.all += count.rows;
    if (!is_classic(count.status)) {
      totals.other += count.rows;
    } else if (*count.status == 3) {
      totals.consumed += count.rows;
    } else {
      const std::int64_t done = sent_is_done && *count.status == 1 ? count.old : 0;
      totals.done += done;
      totals.held += count.rows - done;
    }
  }
  return totals;
}

class MigrateAdoptCommand final : public LogCommand {
 public:
  std::string name() const override { return "migrate adopt"; }
  std::string summary() const override { return "Take over a table msg_log of the classic system, with its rows"; }
  std::vector<std::string> examples() const override {
    return {"waybill migrate adopt --log mariadb --time-zone Asia/Shanghai                 # what would it be?",
            "waybill migrate adopt --log mariadb --time-zone Asia/Shanghai --sent-is-done 2d --yes"};
  }

 protected:
  std::vector<Option> own_options() override {
    return {{"--time-zone", "Where the clock stood that wrote the table's times: Europe/Berlin, UTC, +02:00", &zone_,
             true, "ZONE"},
            {"--sent-is-done", "What has been sent for so long counts as consumed, as 2d; without it, nothing", &age_,
             false, "TIME"},
            {"--dry-run", "Only count, also with --yes", &dry_run_},
            {"--yes", "Do it; without it the rows are only counted", &yes_}};
  }

  ExitCode run_with(const app::Config& config) override {
    auto zone = TimeZone::find(zone_);
    if (!zone.ok()) return report_option("--time-zone", zone.error());
    AdoptTerms terms{*std::move(zone)};
    if (!age_.empty()) {
      const auto age = app::parse_duration(age_);
      if (!age.ok()) return report_option("--sent-is-done", age.error());
      terms.sent_is_done = *age;
    }
    const auto table = app::open_classic(config, terms);
    if (!table.ok()) return report_log(table.error());
    const auto plan = plan_adoption(**table, terms);
    if (!plan.ok()) return report_log(plan.error());
    tell(*plan, terms.sent_is_done.has_value());
    if (dry_run_ || !yes_) {
      print_line("Nothing was changed: add --yes to adopt them" + std::string(dry_run_ ? ", without --dry-run" : ""));
      return ExitCode::kDone;
    }
    return run_adoption(**table, terms, totals_of(*plan, false).all);
  }

 private:
  static ExitCode report_option(const std::string& option, const Error& error) {
    return report_usage(make_error(ErrorClass::kPermanent, option + ": " + error.message));
  }

  void tell(const AdoptionPlan& plan, bool sent_is_done) const {
    const Totals totals = totals_of(plan, sent_is_done);
    print_line("the classic table " + std::string(plan.renamed ? "still " : "") + "holds " + messages(totals.all));
    Table table;
    for (const ClassicCount& count : plan.counts) {
      const bool classic = is_classic(count.status);
      std::string text = classic ? std::string(to_string(static_cast<State>(*count.status))) : "not a classic status";
      if (classic && sent_is_done && *count.status == 1)
        text += ", " + std::to_string(count.old) + " of them for " + age_;
      table.add({count.status ? std::to_string(*count.status) : "null", std::to_string(count.rows), text});
    }
    print(table.text("  "));
    print_line("of them " + std::to_string(totals.consumed + totals.done) + " become consumed, " +
               std::to_string(totals.held) + " are put on hold, " + std::to_string(totals.other) +
               " stay in the table for their status, and so do ids that are no ids");
  }

  static ExitCode run_adoption(ClassicTable& table, const AdoptTerms& terms, std::int64_t total) {
    const Interruption interruption;
    Progress progress("adopt", total);
    const auto report_of = adopt(table, terms, [&](std::int64_t seen) {
      progress.update(seen);
      return !interruption.asked();
    });
    progress.clear();
    if (!report_of.ok()) return report_log(report_of.error());
    const auto& [moved, left, because] = *report_of;
    print_line("adopted " + messages(moved.consumed + moved.held) + ": " + std::to_string(moved.consumed) +
               " consumed, " + std::to_string(moved.held) + " on hold");
    if (moved.held > 0) {
      print_line("those on hold wait for a person: waybill list --status outcome_unknown, and then retry or resolve");
    }
    if (left == 0) return ExitCode::kDone;
    print_line(messages(left) + " stayed in the table " + std::string(kClassicTable) +
               "; correct them and run this again, or drop the table:");
    Table reasons;
    for (const auto& [id, reason] : because) reasons.add({"'" + id.substr(0, 80) + "'", reason});
    print(reasons.text("  "));
    if (left > static_cast<std::int64_t>(because.size())) print_line("  and more");
    return ExitCode::kFailed;
  }

  std::string zone_;
  std::string age_;
  bool dry_run_ = false;
  bool yes_ = false;
};

}  // namespace

std::unique_ptr<Command> make_migrate_adopt_command() { return std::make_unique<MigrateAdoptCommand>(); }

}  // namespace waybill::cli
