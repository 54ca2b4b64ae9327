// The few system calls that delivering into files needs, with errors as values.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace waybill {

/// Owns an open file. Closing reports nothing: whoever needs the bytes has synced them before.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;

  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

/// kRetry: `cannot DOING 'PATH': REASON`, with the name of `error_number` as its code.
[[nodiscard]] Error file_error(const std::string& doing, const std::string& path, int error_number);

/// As open(2), close-on-exec.
[[nodiscard]] Result<FileDescriptor> open_file(const std::string& path, int flags, unsigned mode = 0600);
[[nodiscard]] Status write_all(const FileDescriptor& file, std::string_view bytes, const std::string& path);
/// fsync(2), of a file or a directory. After an error the bytes may or may not be on the disk, and asking again proves
/// nothing.
[[nodiscard]] Status sync_file(const FileDescriptor& file, const std::string& path);
/// Makes the names in a directory durable.
[[nodiscard]] Status sync_directory(const std::string& path);

/// Makes a directory and what leads to it; what is made is durable. One that exists is fine. The path is absolute.
[[nodiscard]] Status make_directory(const std::string& path, unsigned mode = 0700);

}  // namespace waybill
