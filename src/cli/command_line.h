// Reads the command line, runs the command that it names, and explains both.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"

namespace waybill::cli {

/// `arguments` without the program's name. Usage errors go to stderr (kUsage), help to stdout (kDone).
[[nodiscard]] ExitCode run_command_line(const std::vector<std::unique_ptr<Command>>& commands,
                                        std::vector<std::string> arguments);

}  // namespace waybill::cli
