#include "mail/posix_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace waybill {
namespace {

constexpr unsigned kParentMode = 0755;

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Error file_error(const std::string& doing, const std::string& path, int error_number) {
  const char* name = ::strerrorname_np(error_number);
  return make_error(ErrorClass::kRetry,
                    "cannot " + doing + " '" + path + "': " + std::generic_category().message(error_number),
                    name == nullptr ? "" : name);
}

Result<FileDescriptor> open_file(const std::string& path, int flags, unsigned mode) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return file_error("open", path, errno);
  return FileDescriptor(fd);
}

Status write_all(const FileDescriptor& file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const auto written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return file_error("write", path, errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return ok_status();
}

Status sync_file(const FileDescriptor& file, const std::string& path) {
  if (::fsync(file.get()) != 0) return file_error("sync", path, errno);
  return ok_status();
}

Status sync_directory(const std::string& path) {
  const auto directory = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!directory) return directory.error();
  return sync_file(*directory, path);
}

Status make_directory(const std::string& path, unsigned mode) {
  const auto parent = std::filesystem::path(path).parent_path().string();
  if (::mkdir(path.c_str(), mode) != 0) {
    if (errno == EEXIST) return ok_status();
    if (errno != ENOENT || parent == path) return file_error("make the directory", path, errno);
    if (auto made = make_directory(parent, kParentMode); !made) return made;
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return file_error("make the directory", path, errno);
  }
  return sync_directory(parent);
}

}  // namespace waybill
