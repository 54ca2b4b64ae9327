#include "app/serve.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/config_options.h"

namespace waybill::cli {
namespace {

class ServeCommand final : public Command {
 public:
  std::string name() const override { return "serve"; }
  std::string summary() const override { return "Accept, carry and deliver messages until told to stop"; }
  std::vector<std::string> examples() const override {
    return {"waybill serve",
            "waybill serve --config /etc/waybill/waybill.toml",
            "waybill serve --listen 127.0.0.1:0 --port-file port --data /srv/waybill",
            "waybill serve --roles api",
            "waybill serve --smtp smtp://me@mail.example.org:587 --set mail.smtp.password_file=password --set "
            "mail.from=me@example.org --set mail.allowed_from=@example.org",
            "waybill serve --set log.format=json --set worker.max_concurrency=32"};
  }
  std::vector<Option> options() override {
    auto all = config_.options();
    all.push_back({"--port-file", "Write the port into this file, once it is served", &port_file_, false, "FILE"});
    all.push_back(
        {"--address-file", "Likewise the address and port, such as [::1]:8420", &address_file_, false, "FILE"});
    return all;
  }

  ExitCode run() override {
    auto loaded = config_.load();
    if (!loaded.ok()) return report_usage(loaded.error());
    const auto served = app::serve({std::move(loaded->config), port_file_, address_file_});
    if (served.ok()) return ExitCode::kDone;
    return served.error().what == ErrorClass::kPermanent ? ExitCode::kUsage : ExitCode::kFailed;
  }

 private:
  ConfigOptions config_;
  std::string port_file_;
  std::string address_file_;
};

}  // namespace

std::unique_ptr<Command> make_serve_command() { return std::make_unique<ServeCommand>(); }

}  // namespace waybill::cli
