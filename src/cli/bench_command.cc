#include "cli/bench_command.h"

#include <optional>
#include <utility>

#include "base/log.h"
#include "bench/bench_config.h"
#include "bench/interruption.h"
#include "bench/log_place.h"
#include "bench/scratch.h"
#include "cli/client.h"
#include "cli/output.h"

namespace waybill::cli {

std::vector<Option> BenchCommand::options() {
  auto all = own_options();
  all.push_back(
      {"--dir", "Work there and keep it (default: a directory of its own, removed in the end)", &dir_, false, "DIR"});
  all.push_back({"--allow-volatile", "Also on a file system in memory: for tests, not for figures", &allow_volatile_});
  all.push_back({"--config", "Configuration of the instance (default ./waybill.toml, if there is one)", &config_.file,
                 false, "FILE"});
  all.push_back({"--set", "Any other key of it; may be given several times", &config_.set, false, "SECTION.KEY=VALUE"});
  all.push_back({"--json", "As one JSON object", &json_});
  return all;
}

ExitCode BenchCommand::run() {
  if (config_.log == "sqlite") config_.log.clear();
  if (Status fit = check(); !fit.ok()) return report_usage(fit.error());
  const auto sources = config_.sources();
  if (!sources.ok()) return report_usage(sources.error());
  const auto configured = app::load_config(*sources);
  if (!configured.ok()) return report_usage(configured.error());
  configure_log({LogLevel::kWarning, configured->config.log.format});
  bench::RunWatch watch;
  const bench::Interruption interruption(watch);
  const auto report = measure_in_scratch(*sources, configured->config, watch);
  watch.clear();
  if (!report.ok()) {
    if (report.error().what == ErrorClass::kPermanent) return report_usage(report.error());
    static_cast<void>(cli::report(report.error()));  // its code is that of a client
    return ExitCode::kFailed;
  }
  print(json_ ? report->json() + "\n" : report->table());
  for (const auto& problem : report->problems())
    static_cast<void>(cli::report(make_error(ErrorClass::kPermanent, problem)));
  return report->problems().empty() ? ExitCode::kDone : ExitCode::kFailed;
}

Result<bench::Report> BenchCommand::measure_in_scratch(const app::ConfigSources& sources, const app::Config& configured,
                                                       bench::RunWatch& watch) {
  const auto scratch = bench::Scratch::make({dir_, bench::scratch_places(configured.data.dir), allow_volatile_});
  if (!scratch.ok()) return scratch.error();
  std::optional<bench::LogPlace> place;
  if (!config_.log.empty()) {
    auto made = bench::LogPlace::make(configured, scratch->path());
    if (!made.ok()) return made.error();
    place = std::move(*made);
  }
  const auto config = bench::load_in(sources, {scratch->path(), place ? place->url() : "", ""});
  if (!config.ok()) return config.error();
  auto report = measure(*config, scratch->path(), watch);
  if (report.ok()) report->add("file_system", scratch->file_system());
  return report;
}

std::vector<std::string> BenchCommand::config_arguments() const {
  std::vector<std::string> arguments;
  if (!config_.file.empty()) arguments.insert(arguments.end(), {"--config", config_.file});
  if (!config_.broker.empty()) arguments.insert(arguments.end(), {"--broker", config_.broker});
  for (const auto& pair : config_.set) arguments.insert(arguments.end(), {"--set", pair});
  return arguments;
}

}  // namespace waybill::cli
