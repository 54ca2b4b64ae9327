// What the commands that speak to a server have in common: the options that name it, and the exit codes.
#pragma once

#include "cli/client.h"
#include "cli/command.h"

namespace waybill::cli {

class ClientCommand : public Command {
 public:
  [[nodiscard]] std::vector<Option> options() final;
  [[nodiscard]] ExitCode run() final;

 protected:
  /// The command's own options, listed before the common ones.
  [[nodiscard]] virtual std::vector<Option> own_options() = 0;
  [[nodiscard]] virtual ExitCode run_with(const Client& client) = 0;
  /// True for commands that can also be done on the log itself.
  [[nodiscard]] virtual bool may_be_offline() const { return true; }
  [[nodiscard]] bool json() const { return client_options_.json; }

 private:
  ClientOptions client_options_;
};

}  // namespace waybill::cli
