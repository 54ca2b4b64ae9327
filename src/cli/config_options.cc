#include "cli/config_options.h"

namespace waybill::cli {

std::vector<Option> ConfigOptions::options() {
  return {
      {"--config", "Configuration file (default ./waybill.toml, if there is one)", &file, false, "FILE"},
      {"--listen", "http.listen: where to serve; port 0 takes a free one", &listen, false, "ADDRESS:PORT"},
      {"--data", "data.dir: where everything is kept", &data, false, "DIR"},
      {"--set", "Any other key; may be given several times", &set, false, "SECTION.KEY=VALUE"},
  };
}

Result<app::LoadedConfig> ConfigOptions::load() const {
  app::ConfigSources sources;
  if (!file.empty()) sources.file = file;
  sources.environment = app::config_environment();
  for (const auto& pair : set) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos) {
      return make_error(ErrorClass::kPermanent, "--set: '" + pair + "' is not SECTION.KEY=VALUE");
    }
    sources.flags.push_back({pair.substr(0, equals), pair.substr(equals + 1), "--set"});
  }
  if (!listen.empty()) sources.flags.push_back({"http.listen", listen, "--listen"});
  if (!data.empty()) sources.flags.push_back({"data.dir", data, "--data"});
  return app::load_config(sources);
}

}  // namespace waybill::cli
