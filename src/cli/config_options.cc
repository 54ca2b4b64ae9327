#include "cli/config_options.h"

namespace waybill::cli {

std::vector<Option> ConfigOptions::options() {
  return {
      {"--config", "Configuration file (default ./waybill.toml, if there is one)", &file, false, "FILE"},
      {"--listen", "http.listen: where to serve; port 0 takes a free one", &listen, false, "ADDRESS:PORT"},
      {"--roles", "instance.roles: what it does, of api, relay, worker", &roles, false, "LIST"},
      {"--log",
       "message_log.url: sqlite:FILE, postgres, mariadb (what WAYBILL_POSTGRES, WAYBILL_MARIADB names) or a URL", &log,
       false, "URL"},
      {"--broker", "broker.url: inprocess, rabbitmq (what WAYBILL_RABBITMQ names) or amqp://…", &broker, false, "URL"},
      {"--smtp", "mail.smtp.relays: smtp://USER@HOST:PORT or smtps://…, several with commas", &smtp, false, "URL"},
      {"--data", "data.dir: where everything is kept", &data, false, "DIR"},
      {"--set", "Any other key; may be given several times", &set, false, "SECTION.KEY=VALUE"},
  };
}

Result<app::ConfigSources> ConfigOptions::sources() const {
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
  if (!roles.empty()) sources.flags.push_back({"instance.roles", roles, "--roles"});
  if (!log.empty()) sources.flags.push_back({"message_log.url", log, "--log"});
  if (!broker.empty()) sources.flags.push_back({"broker.url", broker, "--broker"});
  if (!smtp.empty()) sources.flags.push_back({"mail.smtp.relays", smtp, "--smtp"});
  if (!data.empty()) sources.flags.push_back({"data.dir", data, "--data"});
  return sources;
}

Result<app::LoadedConfig> ConfigOptions::load() const {
  const auto from = sources();
  return from.ok() ? app::load_config(*from) : Result<app::LoadedConfig>(from.error());
}

}  // namespace waybill::cli
