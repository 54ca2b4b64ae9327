// One command of the program: what it is called, what it takes, what it does. The command line's library is known only
// to command_line.cc.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "cli/exit_code.h"

namespace waybill::cli {

struct BoundedInt {
  int* value;
  int least;
  int most;
};

struct BoundedNumber {
  double* value;
  double least;
  double most;
};

/// Filled in before `run`; what it points to belongs to the command.
using OptionTarget = std::variant<std::string*, std::vector<std::string>*, bool*, BoundedInt, BoundedNumber>;

struct Option {
  std::string name;  ///< `--server`, or `ID` for an argument by its place
  std::string help;
  OptionTarget target;
  bool required = false;
  std::string value_name = {};  ///< what help calls the value: FILE, URL
};

class Command {
 public:
  virtual ~Command() = default;
  [[nodiscard]] virtual std::string name() const = 0;  ///< `send`, `config check`
  [[nodiscard]] virtual std::string summary() const = 0;
  [[nodiscard]] virtual std::vector<std::string> examples() const = 0;
  [[nodiscard]] virtual std::vector<Option> options() = 0;
  /// Results go to stdout, everything else to stderr.
  [[nodiscard]] virtual ExitCode run() = 0;
};

}  // namespace waybill::cli
