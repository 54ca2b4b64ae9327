#include "bench/server_process.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include "bench/loopback.h"

namespace waybill::bench {
namespace {

constexpr Duration kLook{10};
constexpr Duration kAnswerMax{2'000};

MonoTime now() { return std::chrono::steady_clock::now(); }

std::string port_file(const ServerOptions& options) { return options.places.directory + "/port"; }

std::vector<std::string> command_line(const ServerOptions& options) {
  std::vector<std::string> words{"waybill", "serve", "--port-file", port_file(options)};
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  for (const auto& [key, value] : keys_of(options.places)) {
    words.emplace_back("--set");
    words.push_back(std::string(key).append("=").append(value));
  }
  return words;
}

}  // namespace

Result<std::unique_ptr<ServerProcess>> ServerProcess::start(const ServerOptions& options, MonoTime deadline,
                                                            RunWatch& watch) {
  std::filesystem::remove(port_file(options));
  auto child = ChildProcess::start(
      {"the server", options.program, command_line(options), options.places.directory + "/serve.log"});
  if (!child.ok()) return child.error();
  std::unique_ptr<ServerProcess> server(new ServerProcess(options, std::move(*child)));
  if (Status ready = server->await_ready(deadline, watch); !ready.ok()) return ready.error();
  return server;
}

Status ServerProcess::await_ready(MonoTime deadline, RunWatch& watch) {
  while (now() < deadline) {
    if (watch.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
    if (!running()) return make_error(ErrorClass::kRetry, "the server ended at its start: " + child_->last_words());
    if (port_ == 0) {
      std::string text;
      std::getline(std::ifstream(port_file(options_)), text);
      // `8420`, or an address that ends so.
      if (!text.empty()) port_ = static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)));
    } else if (http_get(port_, "/readyz", options_.token, now() + kAnswerMax).ok()) {
      return ok_status();
    }
    std::this_thread::sleep_for(kLook);
  }
  return make_error(ErrorClass::kRetry, "the server did not become ready in time: " + child_->last_words());
}

}  // namespace waybill::bench
