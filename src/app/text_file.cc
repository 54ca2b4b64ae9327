#include "app/text_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace waybill::app {
namespace {

class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

Error unreadable(const std::string& path, const std::string& why) {
  return make_error(ErrorClass::kPermanent, "cannot read " + path + ": " + why);
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max) {
  const File file(path);
  if (file.fd() < 0) return unreadable(path, std::strerror(errno));
  std::string text;
  std::array<char, 16'384> part{};
  while (true) {
    const auto got = ::read(file.fd(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(path, std::strerror(errno));
    if (got == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
    if (text.size() > bytes_max) return unreadable(path, "it has more than " + std::to_string(bytes_max) + " bytes");
  }
}

}  // namespace waybill::app
