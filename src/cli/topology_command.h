// What `topology show`, `declare` and `diff` have in common: the configuration, and that the in-process broker has
// nothing to declare.
#pragma once

#include <string>
#include <vector>

#include "app/config_load.h"
#include "cli/command.h"
#include "cli/config_options.h"

namespace waybill::cli {

class TopologyCommand : public Command {
 public:
  std::vector<Option> options() final;
  ExitCode run() final;

 protected:
  /// Of a broker that is not in this process.
  [[nodiscard]] virtual ExitCode run_with(const app::Config& config) = 0;
  /// What --json prints of a broker that has nothing to declare.
  [[nodiscard]] virtual std::string nothing() const { return R"({"exchanges":[],"queues":[],"bindings":[]})"; }
  [[nodiscard]] bool json() const { return json_; }

 private:
  ConfigOptions config_;
  bool json_ = false;
};

/// Says it on stderr: kPermanent is the configuration's fault.
[[nodiscard]] ExitCode report_broker(const Error& error);

}  // namespace waybill::cli
