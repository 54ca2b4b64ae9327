#include "bench/postfix_relay.h"

#include <pwd.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

#include "bench/loopback.h"
#include "bench/smtp_sink.h"

namespace waybill::bench {
namespace {

using std::chrono_literals::operator""s;
namespace fs = std::filesystem;

constexpr auto kToolMax = 60s;
constexpr auto kStopMax = 20s;
// It changes its user now and then, after which no signal tells it that its parent was killed.
constexpr const char* kLifeSeconds = "1200";
constexpr const char* kMaster = "/usr/lib/postfix/sbin/master";
constexpr const char* kServices = "/usr/share/postfix/master.cf.dist";

MonoTime now() { return std::chrono::steady_clock::now(); }

std::string main_cf(const std::string& directory, std::uint16_t to) {
  return "compatibility_level=3.6\nqueue_directory=" + directory + "/spool\ndata_directory=" + directory +
         "/data\nmaillog_file_prefixes=" + directory + "\nmaillog_file=" + directory +
         "/maillog\ninet_interfaces=127.0.0.1\ninet_protocols=ipv4\nmyhostname=bench.test\nmydestination=\n"
         "mynetworks=127.0.0.0/8\ndisable_dns_lookups=yes\nsmtpd_peername_lookup=no\n"
         "smtpd_client_connection_count_limit=0\nrelayhost=[127.0.0.1]:" +
         std::to_string(to) + "\n";
}

Status make_files(const std::string& directory, std::uint16_t to) {
  std::error_code error;
  for (const char* name : {"etc", "spool", "data"}) fs::create_directories(directory + "/" + name, error);
  std::ofstream(directory + "/etc/main.cf") << main_cf(directory, to);
  fs::copy_file(kServices, directory + "/etc/master.cf", fs::copy_options::overwrite_existing, error);
  const passwd* const user = ::getpwnam("postfix");
  if (error || user == nullptr || ::chown((directory + "/data").c_str(), user->pw_uid, user->pw_gid) != 0)
    return make_error(ErrorClass::kRetry, "the files of a Postfix cannot be made in " + directory);
  return ok_status();
}

// Postfix's own tools write its services, and its queues.
Status run_tools(const std::string& directory, std::uint16_t port, RunWatch& watch) {
  const std::string place = "127.0.0.1:" + std::to_string(port);
  const std::vector<std::vector<std::string>> commands{
      {"postconf", "-F", "*/*/chroot=n"},
      {"postconf", "-MX", "smtp/inet"},
      {"postconf", "-M", place + "/inet=" + place + " inet n - n - - smtpd"},
      {"postfix", "check"}};
  for (auto words : commands) {
    words.insert(words.begin() + 1, {"-c", directory + "/etc"});
    const ChildOptions tool{words[0], find_program(words[0]), words, directory + "/tools.log"};
    if (Status ran = run_child(tool, now() + kToolMax, watch); !ran.ok()) return ran;
  }
  return ok_status();
}

}  // namespace

std::string PostfixRelay::obstacle() {
  if (::geteuid() != 0) return "only root may start a Postfix";
  if (find_program("postfix").empty() || ::access(kMaster, X_OK) != 0)
    return "there is no Postfix: `scripts/bootstrap postfix` installs it";
  return "";
}

Result<std::unique_ptr<PostfixRelay>> PostfixRelay::start(const std::string& directory, std::uint16_t to,
                                                          RunWatch& watch) {
  if (Status made = make_files(directory, to); !made.ok()) return made.error();
  const auto port = free_port();
  if (!port.ok()) return port.error();
  if (Status prepared = run_tools(directory, *port, watch); !prepared.ok()) return prepared.error();
  auto master = ChildProcess::start(
      {"Postfix", kMaster, {"master", "-c", directory + "/etc", "-d", "-e", kLifeSeconds}, directory + "/master.log"});
  if (!master.ok()) return master.error();
  std::unique_ptr<PostfixRelay> relay(new PostfixRelay(*port, std::move(*master)));
  if (Status ready = await_listener(*port, *relay->master_, watch); !ready.ok()) return ready.error();
  return relay;
}

PostfixRelay::~PostfixRelay() {
  // It ends by the signal, which is no order for a child; it takes its own children along, which a kill would not.
  static_cast<void>(master_->stop(now() + kStopMax));
}

}  // namespace waybill::bench
