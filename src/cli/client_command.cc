#include "cli/client_command.h"

namespace waybill::cli {

std::vector<Option> ClientCommand::options() {
  std::vector<Option> all = own_options();
  for (Option& option : client_options_.options(may_be_offline())) all.push_back(std::move(option));
  return all;
}

ExitCode ClientCommand::run() {
  const auto client = Client::from(client_options_);
  if (client.ok()) return run_with(*client);
  return client.error().what == ErrorClass::kPermanent ? report_usage(client.error()) : report(client.error());
}

}  // namespace waybill::cli
