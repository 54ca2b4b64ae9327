#include "cli/topology_command.h"

#include "cli/client.h"
#include "cli/output.h"

namespace waybill::cli {

std::vector<Option> TopologyCommand::options() {
  auto all = config_.options();
  all.push_back({"--json", "As JSON", &json_});
  return all;
}

ExitCode TopologyCommand::run() {
  const auto loaded = config_.load();
  if (!loaded.ok()) return report_usage(loaded.error());
  if (!loaded->config.broker.in_process()) return run_with(loaded->config);
  print_line(json_ ? nothing()
                   : "there is nothing to declare: the broker is in the process of `waybill serve`; name another with "
                     "--broker or broker.url");
  return ExitCode::kDone;
}

ExitCode report_broker(const Error& error) {
  return error.what == ErrorClass::kPermanent ? report_usage(error) : report(error);
}

}  // namespace waybill::cli
