#include "cli/log_command.h"

#include <utility>

#include "cli/client.h"

namespace waybill::cli {

ExitCode report_log(const Error& error) {
  return error.what == ErrorClass::kPermanent ? report_usage(error) : report(error);
}

std::vector<Option> LogCommand::options() {
  std::vector<Option> all = own_options();
  all.push_back(
      {"--config", "Configuration file (default ./waybill.toml, if there is one)", &config_.file, false, "FILE"});
  all.push_back({"--log", "message_log.url: postgres, mariadb (what WAYBILL_POSTGRES, WAYBILL_MARIADB names) or a URL",
                 &config_.log, false, "URL"});
  all.push_back({"--set", "Any other key; may be given several times", &config_.set, false, "SECTION.KEY=VALUE"});
  return all;
}

ExitCode LogCommand::run() {
  config_.roles = "api";  // that of an instance which needs no broker
  const auto loaded = config_.load();
  return loaded.ok() ? run_with(loaded->config) : report_usage(loaded.error());
}

}  // namespace waybill::cli
