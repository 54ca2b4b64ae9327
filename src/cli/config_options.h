// The options that choose the configuration, for every command that needs all of it.
#pragma once

#include <string>
#include <vector>

#include "app/config_load.h"
#include "base/result.h"
#include "cli/command.h"

namespace waybill::cli {

struct ConfigOptions {
  std::string file;
  std::string listen;
  std::string data;
  std::string log;
  std::string broker;
  std::string smtp;
  std::string roles;
  std::vector<std::string> set;

  [[nodiscard]] std::vector<Option> options();
  /// Errors: kPermanent (a --set that is none).
  [[nodiscard]] Result<app::ConfigSources> sources() const;
  /// Flags over environment over file over default. Errors: kPermanent, one sentence a line.
  [[nodiscard]] Result<app::LoadedConfig> load() const;
};

}  // namespace waybill::cli
