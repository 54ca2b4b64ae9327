#include "bench/mail_bench.h"
#include "bench/sample_mail.h"
#include "bench/smtp_client_bench.h"
#include "cli/bench_command.h"
#include "cli/commands.h"

namespace waybill::cli {
namespace {

class BenchMailCommand final : public BenchCommand {
 public:
  std::string name() const override { return "bench mail"; }
  std::string summary() const override { return "Mails from HTTP to an SMTP sink, beside what else brings them there"; }
  std::vector<std::string> examples() const override {
    return {"waybill bench mail --log postgres --broker rabbitmq --json", "waybill bench mail --bulk 100",
            "waybill bench mail --client-only --json"};
  }

 protected:
  std::vector<Option> own_options() override {
    constexpr int kMost = 10'000'000;
    return {{"--log",
             "The message log: sqlite, postgres, mariadb (a database of its own on what WAYBILL_POSTGRES, "
             "WAYBILL_MARIADB names) or a URL",
             log(), false, "LOG"},
            {"--broker", "The broker: inprocess, rabbitmq (what WAYBILL_RABBITMQ names) or amqp://…", broker(), false,
             "BROKER"},
            {"--mails", "How many (20000)", BoundedInt{&options_.mails, 1, kMost}, false, "N"},
            {"--size", "Bytes of a mail with its headers (1024)",
             BoundedInt{&options_.size, bench::kMailSizeMin, 1 << 20}, false, "BYTES"},
            {"--connections", "HTTP connections that are kept open, each with one request at a time (64)",
             BoundedInt{&options_.connections, 1, 10'000}, false, "N"},
            {"--bulk", "Mails in one request to /v1/mails (default: one to /mail/send/v2)",
             BoundedInt{&options_.bulk, 0, 500}, false, "N"},
            {"--relay-connections", "SMTP connections of the server, and as many handlers (64)",
             BoundedInt{&options_.relay_connections, 1, 1'000}, false, "N"},
            {"--source-connections", "SMTP connections of smtp-source, with --client-only also of our client (16)",
             BoundedInt{&options_.source_connections, 1, 1'000}, false, "N"},
            {"--postfix-mails", "Through Postfix, beside it; 0: without it (3000)",
             BoundedInt{&options_.postfix_mails, 0, kMost}, false, "N"},
            {"--patience", "How long no mail may arrive before the rest counts as lost (60)",
             BoundedInt{&options_.patience, 1, 3'600}, false, "SECONDS"},
            {"--client-only", "Only our SMTP client, with a mail that is made already", &client_only_}};
  }

  Status check() const override { return bench::check(options_); }

  Result<bench::Report> measure(const app::Config& config, const std::string& directory,
                                bench::RunWatch& watch) override {
    if (client_only_) {
      return bench::run_smtp_client_bench(
          config.mail.from, directory,
          {.mails = options_.mails, .size = options_.size, .connections = options_.source_connections}, watch);
    }
    options_.serve_arguments = config_arguments();
    return bench::run_mail_bench(config, directory, options_, watch);
  }

 private:
  bench::MailBenchOptions options_;
  bool client_only_ = false;
};

}  // namespace

std::unique_ptr<Command> make_bench_mail_command() { return std::make_unique<BenchMailCommand>(); }

}  // namespace waybill::cli
