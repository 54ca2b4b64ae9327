// A command on the message log itself: it needs the configuration's log, and asks for nothing else of it.
#pragma once

#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "cli/command.h"
#include "cli/config_options.h"
#include "cli/exit_code.h"

namespace waybill::cli {

class LogCommand : public Command {
 public:
  std::vector<Option> options() final;
  ExitCode run() final;

 protected:
  [[nodiscard]] virtual std::vector<Option> own_options() { return {}; }
  virtual ExitCode run_with(const app::Config& config) = 0;

 private:
  ConfigOptions config_;
};

/// What the log refuses is the configuration's fault.
[[nodiscard]] ExitCode report_log(const Error& error);

}  // namespace waybill::cli
