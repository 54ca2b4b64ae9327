#include "bench/server_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "bench/bench_config.h"
#include "bench/loopback.h"

namespace waybill::bench {
namespace {

constexpr Duration kLook{10};
constexpr Duration kAnswerMax{2'000};
constexpr int kCannotRun = 127;  // as shells tell it

MonoTime now() { return std::chrono::steady_clock::now(); }

std::string port_file(const ServerOptions& options) { return options.directory + "/port"; }
std::string output_file(const ServerOptions& options) { return options.directory + "/serve.log"; }

std::vector<std::string> command_line(const ServerOptions& options) {
  std::vector<std::string> words{"waybill", "serve", "--port-file", port_file(options)};
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  for (const auto& [key, value] : own_places(options.directory)) {
    words.emplace_back("--set");
    words.push_back(std::string(key).append("=").append(value));
  }
  return words;
}

// In the child; only what is safe there while the parent has threads (signal-safety(7)).
[[noreturn]] void become_server(const char* program, char* const* words, int output, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kCannotRun);
  ::setpgid(0, 0);  // Ctrl-C is for the benchmark, which ends the server itself
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execv(program, words);
  ::_exit(kCannotRun);
}

}  // namespace

Result<std::unique_ptr<ServerProcess>> ServerProcess::start(const ServerOptions& options, MonoTime deadline,
                                                            RunWatch& watch) {
  std::filesystem::remove(port_file(options));
  auto words = command_line(options);
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const auto output = open_file(output_file(options), O_WRONLY | O_CREAT | O_TRUNC);
  if (!output.ok()) return output.error();
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return make_error(ErrorClass::kRetry, std::string("cannot start a server: ") + std::strerror(errno));
  if (pid == 0) become_server(options.program.c_str(), pointers.data(), output->get(), parent);
  std::unique_ptr<ServerProcess> server(new ServerProcess(options, pid));
  if (Status ready = server->await_ready(deadline, watch); !ready.ok()) return ready.error();
  return server;
}

Status ServerProcess::await_ready(MonoTime deadline, RunWatch& watch) {
  while (now() < deadline) {
    if (watch.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
    if (!running()) return make_error(ErrorClass::kRetry, "the server ended at its start: " + last_words());
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
  return make_error(ErrorClass::kRetry, "the server did not become ready in time: " + last_words());
}

bool ServerProcess::running() {
  if (!ended_) ended_ = ::waitpid(pid_, &wait_status_, WNOHANG) == pid_;
  return !ended_;
}

Status ServerProcess::stop(MonoTime deadline) {
  if (running()) ::kill(pid_, SIGTERM);
  while (running()) {
    if (now() > deadline) return make_error(ErrorClass::kRetry, "the server did not stop in time: " + last_words());
    std::this_thread::sleep_for(kLook);
  }
  if (WIFEXITED(wait_status_) && WEXITSTATUS(wait_status_) == 0) return ok_status();
  return make_error(ErrorClass::kRetry, "the server did not end in order: " + last_words());
}

ServerProcess::~ServerProcess() {
  if (!running()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, &wait_status_, 0);
}

std::string ServerProcess::last_words() const {
  std::ifstream output(output_file(options_));
  std::string last = "it said nothing";
  for (std::string line; std::getline(output, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace waybill::bench
