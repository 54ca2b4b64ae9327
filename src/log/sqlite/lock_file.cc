#include "log/sqlite/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <string_view>
#include <system_error>

namespace waybill {
namespace {

namespace fs = std::filesystem;

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

std::string holder_text(const std::string& instance) {
  return "host=" + host_name() + "\npid=" + std::to_string(::getpid()) + "\ninstance=" + instance + "\n";
}

// Who holds the lock, for people. The text may not be complete: its writer may be about to write it.
std::string read_holder(int descriptor) {
  char buffer[2'048];
  const auto size = ::pread(descriptor, buffer, sizeof buffer, 0);
  std::string_view text(buffer, size > 0 ? static_cast<std::size_t>(size) : 0);
  std::map<std::string_view, std::string_view> values;
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (const auto equals = line.find('='); equals != std::string_view::npos) {
      values[line.substr(0, equals)] = line.substr(equals + 1);
    }
  }
  if (!values.contains("host") || !values.contains("pid") || !values.contains("instance")) return "another process";
  return "'" + std::string(values["instance"]) + "' (process " + std::string(values["pid"]) + " on " +
         std::string(values["host"]) + ")";
}

Error cannot(const std::string& what, const std::string& path, int error) {
  return make_error(
      ErrorClass::kPermanent,
      "cannot " + what + " " + path + ": " + std::strerror(error) + "; its directory must exist and be writable",
      "errno " + std::to_string(error));
}

// Where SQLite will find or make the database, which need not exist yet: also behind a link that leads to nothing.
Result<fs::path> resolved(const std::string& database) {
  constexpr int kLinksMax = 40;  // as many as the kernel follows
  std::error_code error;
  fs::path path = fs::absolute(database, error);
  for (int links = 0; !error && fs::is_symlink(fs::symlink_status(path, error)); ++links) {
    if (links == kLinksMax) return cannot("follow the links of", database, ELOOP);
    const fs::path target = fs::read_symlink(path, error);
    path = path.parent_path() / target;
  }
  // A file that is not there is no error here.
  if (error && error != std::errc::no_such_file_or_directory) return cannot("find", database, error.value());
  const fs::path directory = fs::canonical(path.parent_path(), error);
  return error ? path : directory / path.filename();
}

Status write(int descriptor, const std::string& text, const std::string& path) {
  const auto size = static_cast<ssize_t>(text.size());
  if (::pwrite(descriptor, text.data(), text.size(), 0) != size || ::ftruncate(descriptor, size) != 0) {
    return cannot("write the lock file", path, errno);
  }
  return ok_status();
}

}  // namespace

Result<std::unique_ptr<LockFile>> LockFile::acquire(const std::string& database, const std::string& instance) {
  const auto file = resolved(database);
  if (!file.ok()) return file.error();
  const std::string path = file->string() + ".lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return cannot("open the lock file", path, errno);
  std::unique_ptr<LockFile> lock(new LockFile(descriptor));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return cannot("lock", path, errno);
    return make_error(ErrorClass::kConflict, "the message log " + database + " is in use by " +
                                                 read_holder(descriptor) + "; stop it first, or use another log");
  }
  if (auto status = write(descriptor, holder_text(instance), path); !status.ok()) return status.error();
  return lock;
}

LockFile::~LockFile() { ::close(descriptor_); }

}  // namespace waybill
