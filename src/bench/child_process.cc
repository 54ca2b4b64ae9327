#include "bench/child_process.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include "mail/posix_file.h"

namespace waybill::bench {
namespace {

constexpr Duration kLook{10};
constexpr int kCannotRun = 127;  // as shells tell it

MonoTime now() { return std::chrono::steady_clock::now(); }

struct Identity {
  bool change = false;
  uid_t user = 0;
  gid_t group = 0;
};

Identity identity_of(const ChildOptions& options) {
  if (!options.as_nobody || ::geteuid() != 0) return {};
  const passwd* const nobody = ::getpwnam("nobody");
  return nobody == nullptr ? Identity{} : Identity{true, nobody->pw_uid, nobody->pw_gid};
}

// In the child; only what is safe there while the parent has threads (signal-safety(7)).
[[noreturn]] void become(const char* program, char* const* words, int output, const Identity& identity, pid_t parent) {
  if (identity.change &&
      (::setgroups(0, nullptr) != 0 || ::setgid(identity.group) != 0 || ::setuid(identity.user) != 0))
    ::_exit(kCannotRun);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a change of user would undo it
  if (::getppid() != parent) ::_exit(kCannotRun);
  ::setpgid(0, 0);  // Ctrl-C is for the benchmark, which ends its children itself
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execv(program, words);
  ::_exit(kCannotRun);
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(const ChildOptions& options) {
  auto words = options.words;
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const auto output = open_file(options.output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  if (!output.ok()) return output.error();
  const auto identity = identity_of(options);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return make_error(ErrorClass::kRetry, "cannot start " + options.name + ": " + std::strerror(errno));
  if (pid == 0) become(options.program.c_str(), pointers.data(), output->get(), identity, parent);
  return std::unique_ptr<ChildProcess>(new ChildProcess(options, pid));
}

bool ChildProcess::running() {
  if (!ended_) ended_ = ::waitpid(pid_, &wait_status_, WNOHANG) == pid_;
  return !ended_;
}

Status ChildProcess::await_end(MonoTime deadline, RunWatch& watch) {
  while (running()) {
    if (watch.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
    if (now() > deadline)
      return make_error(ErrorClass::kRetry, options_.name + " did not end in time: " + last_words());
    std::this_thread::sleep_for(kLook);
  }
  return judge();
}

Status ChildProcess::stop(MonoTime deadline) {
  if (running()) ::kill(pid_, SIGTERM);
  while (running()) {
    if (now() > deadline)
      return make_error(ErrorClass::kRetry, options_.name + " did not stop in time: " + last_words());
    std::this_thread::sleep_for(kLook);
  }
  return judge();
}

Status ChildProcess::judge() const {
  if (WIFEXITED(wait_status_) && WEXITSTATUS(wait_status_) == 0) return ok_status();
  return make_error(ErrorClass::kRetry, options_.name + " did not end in order: " + last_words());
}

ChildProcess::~ChildProcess() {
  if (!running()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, &wait_status_, 0);
}

std::string ChildProcess::last_words() const {
  std::ifstream output(options_.output);
  std::string last = "it said nothing";
  for (std::string line; std::getline(output, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

Status run_child(const ChildOptions& options, MonoTime deadline, RunWatch& watch) {
  auto child = ChildProcess::start(options);
  return child.ok() ? (*child)->await_end(deadline, watch) : Status(child.error());
}

std::string find_program(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream places(std::string(path == nullptr ? "" : path) + ":/usr/sbin:/sbin");
  for (std::string place; std::getline(places, place, ':');) {
    const std::string found = place + "/" + name;
    if (place.starts_with('/') && ::access(found.c_str(), X_OK) == 0) return found;
  }
  return "";
}

}  // namespace waybill::bench
