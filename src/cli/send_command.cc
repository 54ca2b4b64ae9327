#include <cstdint>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <random>

#include "api/types.h"
#include "app/text_file.h"
#include "cli/batch_send.h"
#include "cli/client_command.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace waybill::cli {
namespace {

std::string random_key() {
  std::random_device device;
  std::string key = "cli-";
  constexpr char kDigits[] = "0123456789abcdef";
  for (int i = 0; i < 32; ++i) key += kDigits[device() & 15U];
  return key;
}

class SendCommand final : public ClientCommand {
 public:
  std::string name() const override { return "send"; }
  std::string summary() const override { return "Send a mail, or a file of messages"; }
  std::vector<std::string> examples() const override {
    return {"waybill send --subject Hello --content \"How are you?\" --to ann@example.org --to bob@example.org",
            "waybill send --file mail.json --idempotency-key order-4711",
            "echo '{\"subject\":\"Hi\",\"content\":\"...\",\"tos\":\"ann@example.org\"}' | waybill send --file -",
            "waybill send --file batch.ndjson              # messages of POST /v1/messages, one a line",
            "make-messages | waybill send --ndjson --file - --idempotency-key import-7"};
  }

 protected:
  bool may_be_offline() const override { return false; }

  std::vector<Option> own_options() override {
    return {{"--subject", "Subject of the mail", &subject_, false, "TEXT"},
            {"--content", "Its text", &content_, false, "TEXT"},
            {"--to", "A recipient; may be given several times", &to_, false, "ADDRESS"},
            {"--file", "The whole request as JSON instead, or messages (.ndjson, .jsonl); - reads from stdin", &file_,
             false, "FILE"},
            {"--ndjson", "The file has messages, one a line, whatever it is called", &lines_},
            {"--idempotency-key", "The same key sends the same mail or file only once", &key_, false, "KEY"}};
  }

  ExitCode run_with(const Client& client) override {
    if (lines_ || file_.ends_with(".ndjson") || file_.ends_with(".jsonl")) return send_lines(client);
    auto request = request_json();
    if (!request.ok()) return report_usage(request.error());
    const std::string key = key_.empty() ? random_key() : key_;
    const auto answer = client.post("/mail/send/v2", std::move(*request), {{"Idempotency-Key", key}});
    if (!answer.ok()) return report_failure(answer.error(), key);
    const auto accepted = api::parse_classic(*answer);
    if (!accepted.ok()) return report(accepted.error());
    print_line(json() ? *answer : "accepted: " + accepted->msg_id);
    return ExitCode::kDone;
  }

 private:
  [[nodiscard]] bool has_parts() const { return !subject_.empty() || !content_.empty() || !to_.empty(); }

  ExitCode send_lines(const Client& client) const {
    const auto refuse = [](std::string why) {
      return report_usage(make_error(ErrorClass::kPermanent, std::move(why)));
    };
    if (file_.empty()) return refuse("--ndjson: name the file with --file, or - for stdin");
    if (has_parts()) return refuse("--file has whole messages: leave --subject, --content and --to out");
    if (key_.size() > BatchSend::kKeyBytesMax) return refuse("--idempotency-key: at most 200 characters for a file");
    auto lines = MessageLines::open(file_);
    if (!lines.ok()) return report_usage(lines.error());
    const BatchSend options{key_.empty() ? random_key() : key_, json()};
    // Said first, for whoever has to repeat it after a crash.
    if (key_.empty()) std::fprintf(stderr, "waybill: sends under --idempotency-key %s\n", options.key.c_str());
    return send_batch(client, *lines, options);
  }

  Result<std::string> request_json() const {
    if (!file_.empty() && has_parts()) {
      return make_error(ErrorClass::kPermanent,
                        "--file already has the whole mail: leave --subject, --content and --to out");
    }
    if (file_ == "-") return std::string{std::istreambuf_iterator<char>(std::cin), {}};
    if (!file_.empty()) return app::read_text_file(file_, kRequestBytesMax);
    if (to_.empty()) return make_error(ErrorClass::kPermanent, "nobody to send to: give --to ADDRESS, or --file");
    return api::to_json(api::SendMail{subject_, content_, to_});
  }

  static ExitCode report_failure(const Error& error, const std::string& key) {
    return report(advise(
        error,
        "The mail may have been accepted: repeat it with --idempotency-key " + key + ", and it is sent only once",
        "The mail was not accepted: try again later"));
  }

  static constexpr std::size_t kRequestBytesMax = 64U << 20U;
  std::string subject_;
  std::string content_;
  std::vector<std::string> to_;
  std::string file_;
  std::string key_;
  bool lines_ = false;
};

}  // namespace

std::unique_ptr<Command> make_send_command() { return std::make_unique<SendCommand>(); }

}  // namespace waybill::cli
