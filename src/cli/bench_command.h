// What the benchmarks have in common on the command line: where they work, what they measure with, how they tell it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "bench/report.h"
#include "bench/run_watch.h"
#include "cli/command.h"
#include "cli/config_options.h"

namespace waybill::cli {

class BenchCommand : public Command {
 public:
  [[nodiscard]] std::vector<Option> options() final;
  /// A result with problems is printed and fails.
  [[nodiscard]] ExitCode run() final;

 protected:
  [[nodiscard]] virtual std::vector<Option> own_options() = 0;
  /// Before anything is made. Errors: kPermanent, one sentence.
  [[nodiscard]] virtual Status check() const { return ok_status(); }
  /// Works in `directory`, where `config` has its places.
  [[nodiscard]] virtual Result<bench::Report> measure(const app::Config& config, const std::string& directory,
                                                      bench::RunWatch& watch) = 0;

  /// `--log`, `--broker`, for those that take them: the places of their values. Without `--log`, or for `sqlite`, the
  /// log is a file in the directory.
  [[nodiscard]] std::string* log() { return &config_.log; }
  [[nodiscard]] std::string* broker() { return &config_.broker; }
  /// For those that run no instance: rules that only concern one do not matter.
  void need_no_broker() { config_.roles = "api"; }
  /// The options that chose the configuration, for `serve`.
  [[nodiscard]] std::vector<std::string> config_arguments() const;

 private:
  [[nodiscard]] Result<bench::Report> measure_in_scratch(const app::ConfigSources& sources,
                                                         const app::Config& configured, bench::RunWatch& watch);

  ConfigOptions config_;
  std::string dir_;
  bool allow_volatile_ = false;
  bool json_ = false;
};

}  // namespace waybill::cli
