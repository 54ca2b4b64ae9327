// smtp_tool [--ca FILE] [--timeout MILLIS] [--repeat N --threads N] URL FROM TO… < MAIL: brings a mail of CRLF lines to
// a relay, and writes what became of it: `done …`, `retry …`, `fail …` or `unknown …`. With --repeat it brings N copies
// and writes how many were done in how many milliseconds. Exit code 2: the arguments are wrong.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "mail/smtp/smtp_transport.h"

namespace waybill::smtp {
namespace {

class OpenGate final : public EffectGate {
 public:
  [[nodiscard]] bool begin_effect() override { return true; }
  [[nodiscard]] bool cancelled() const override { return false; }
  void record(std::vector<RecipientRecord> /*recipients*/) override {}
};

struct Arguments {
  std::string ca;
  int timeout_ms = 10'000;
  int repeat = 0;
  int threads = 1;
  std::vector<std::string> words;  // URL FROM TO…
};

Arguments read_arguments(int argc, char** argv) {
  Arguments arguments;
  for (int at = 1; at < argc; ++at) {
    const std::string word = argv[at];
    const bool option = word.starts_with("--") && at + 1 < argc;
    if (!option) arguments.words.push_back(word);
    if (!option) continue;
    const char* value = argv[++at];
    if (word == "--ca") arguments.ca = value;
    if (word == "--timeout") arguments.timeout_ms = std::atoi(value);
    if (word == "--repeat") arguments.repeat = std::atoi(value);
    if (word == "--threads") arguments.threads = std::atoi(value);
  }
  return arguments;
}

std::string told(const HandlerOutcome& outcome) {
  if (const auto* done = std::get_if<Done>(&outcome)) return "done " + done->result;
  if (const auto* retry = std::get_if<Retry>(&outcome)) return "retry " + retry->error;
  if (const auto* fail = std::get_if<Fail>(&outcome)) return "fail " + fail->error;
  return "unknown " + std::get<Unknown>(outcome).detail;
}

void repeat(SmtpTransport& transport, const MailToDeliver& mail, const Arguments& arguments) {
  std::atomic<int> next{0};
  std::atomic<int> done{0};
  const auto started = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < arguments.threads; ++i) {
    threads.emplace_back([&] {
      OpenGate gate;
      auto mine = mail;
      for (int number = next++; number < arguments.repeat; number = next++) {
        mine.msg_id.value = std::to_string(number);
        if (std::holds_alternative<Done>(transport.deliver(mine, gate))) ++done;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - started);
  std::cout << done << " " << took.count() << "\n";
}

int run(const Arguments& arguments) {
  if (arguments.words.size() < 3) {
    std::cerr << "usage: smtp_tool [--ca FILE] [--timeout MILLIS] [--repeat N --threads N] URL FROM TO… < MAIL\n";
    return 2;
  }
  auto relay = parse_relay_url(arguments.words[0]);
  if (!relay) {
    std::cerr << relay.error().message << "\n";
    return 2;
  }
  relay->ca_file = arguments.ca;
  relay->connections_max = arguments.threads;
  relay->mails_per_connection = 1'000'000;
  const Duration patience(arguments.timeout_ms);
  SmtpOptions options{.relays = {*relay}};
  options.timeouts.command = options.timeouts.data = options.timeouts.dot = patience;
  SmtpTransport transport(options);
  const MailToDeliver mail{{"1"},
                           {arguments.words[1], {arguments.words.begin() + 2, arguments.words.end()}},
                           std::string{std::istreambuf_iterator<char>(std::cin), {}}};
  OpenGate gate;
  if (arguments.repeat > 0) {
    repeat(transport, mail, arguments);
  } else {
    std::cout << told(transport.deliver(mail, gate)) << "\n";
  }
  return std::cout.flush() ? 0 : 1;
}

}  // namespace
}  // namespace waybill::smtp

int main(int argc, char** argv) { return waybill::smtp::run(waybill::smtp::read_arguments(argc, argv)); }
