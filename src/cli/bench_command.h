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

  /// `--broker`, for those that take it: the place of its value.
  [[nodiscard]] std::string* broker() { return &config_.broker; }
  /// The options that chose the configuration, for `serve`.
  [[nodiscard]] std::vector<std::string> config_arguments() const;

 private:
  [[nodiscard]] Result<bench::Report> measure_in_scratch(const app::ConfigSources& sources, const std::string& data_dir,
                                                         bench::RunWatch& watch);

  ConfigOptions config_;
  std::string dir_;
  bool allow_volatile_ = false;
  bool json_ = false;
};

/// kPermanent, naming what there is, if `given` is another one.
[[nodiscard]] Status check_choice(const std::string& option, const std::string& given, const std::string& only);

}  // namespace waybill::cli
