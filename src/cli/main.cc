#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/commands.h"

int main(int argc, char** argv) {
  using waybill::cli::ExitCode;
  try {
    const auto code =
        waybill::cli::run_command_line(waybill::cli::make_commands(), std::vector<std::string>(argv + 1, argv + argc));
    // What could not be written was not done: a full disk must not look like success to a script.
    const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    if (!written && code == ExitCode::kDone) {
      std::perror("waybill: cannot write the output");
      return static_cast<int>(ExitCode::kFailed);
    }
    return static_cast<int>(code);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "waybill: internal error: %s\n", error.what());
    return static_cast<int>(ExitCode::kFailed);
  }
}
