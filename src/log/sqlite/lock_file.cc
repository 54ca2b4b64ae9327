#include "log/sqlite/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

namespace waybill {
namespace {

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

std::int64_t number_in(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string to_text(const LockHolder& holder) {
  return "host=" + holder.host + "\npid=" + std::to_string(holder.pid) + "\ninstance=" + holder.instance +
         "\nboot=" + std::to_string(holder.boot_number) + "\n";
}

// Nothing if the text is not complete: its writer may have died over it.
std::optional<LockHolder> parse_holder(std::string_view text) {
  LockHolder holder;
  int lines = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) break;
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) break;
    const auto key = line.substr(0, equals);
    const auto value = line.substr(equals + 1);
    ++lines;
    if (key == "host") holder.host = value;
    if (key == "pid") holder.pid = number_in(value);
    if (key == "instance") holder.instance = value;
    if (key == "boot") holder.boot_number = number_in(value);
  }
  constexpr int kLines = 4;
  return lines == kLines ? std::optional(holder) : std::nullopt;
}

std::optional<LockHolder> read_holder(int descriptor) {
  char text[2'048];
  const auto size = ::pread(descriptor, text, sizeof text, 0);
  return size > 0 ? parse_holder({text, static_cast<std::size_t>(size)}) : std::nullopt;
}

Error cannot(const std::string& what, const std::string& path) {
  return make_error(
      ErrorClass::kPermanent,
      "cannot " + what + " " + path + ": " + std::strerror(errno) + "; its directory must exist and be writable",
      "errno " + std::to_string(errno));
}

}  // namespace

Result<std::unique_ptr<LockFile>> LockFile::acquire(const std::string& database, const std::string& instance) {
  const std::string path = database + ".lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return cannot("open the lock file", path);
  std::unique_ptr<LockFile> lock(new LockFile(path, descriptor));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return cannot("lock", path);
    const auto holder = read_holder(descriptor);
    const std::string who =
        holder ? "'" + holder->instance + "' (process " + std::to_string(holder->pid) + " on " + holder->host + ")"
               : "another process";
    return make_error(ErrorClass::kConflict,
                      "the message log " + database + " is in use by " + who + "; stop it first, or use another log");
  }
  lock->former_ = read_holder(descriptor);
  lock->self_ = {host_name(), ::getpid(), instance, 0};
  // Until our boot number is known the former one stands: a start that fails must not hide that the log went back.
  if (lock->former_) lock->self_.boot_number = lock->former_->boot_number;
  if (auto status = lock->write(); !status.ok()) return status.error();
  return lock;
}

LockFile::~LockFile() { ::close(descriptor_); }

Status LockFile::record_boot(std::int64_t boot_number) {
  self_.boot_number = boot_number;
  return write();
}

Status LockFile::write() {
  const std::string text = to_text(self_);
  const auto size = static_cast<ssize_t>(text.size());
  if (::pwrite(descriptor_, text.data(), text.size(), 0) != size || ::ftruncate(descriptor_, size) != 0 ||
      ::fdatasync(descriptor_) != 0) {
    return cannot("write the lock file", path_);
  }
  return ok_status();
}

}  // namespace waybill
