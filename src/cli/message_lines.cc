#include "cli/message_lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace waybill::cli {
namespace {

constexpr std::size_t kReadBytes = 256U << 10U;

Error unreadable(const std::string& path, int error) {
  return make_error(ErrorClass::kPermanent, "cannot read " + path + ": " + std::strerror(error));
}

bool is_blank(const std::string& text) { return text.find_first_not_of(" \t\r") == std::string::npos; }

}  // namespace

Result<MessageLines> MessageLines::open(const std::string& path) {
  const int fd = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return unreadable(path, errno);
  struct stat facts {};
  const bool sized = ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
  return MessageLines(fd, path, sized ? facts.st_size : 0);
}

MessageLines::MessageLines(int fd, std::string path, std::int64_t size)
    : fd_(fd), path_(std::move(path)), size_(size) {}

MessageLines::MessageLines(MessageLines&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      size_(other.size_),
      buffer_(std::move(other.buffer_)),
      at_(other.at_),
      number_(other.number_),
      bytes_read_(other.bytes_read_),
      ended_(other.ended_),
      held_(std::move(other.held_)) {}

MessageLines::~MessageLines() {
  if (fd_ > STDERR_FILENO) ::close(fd_);
}

Result<bool> MessageLines::read_more() {
  buffer_.erase(0, at_);
  at_ = 0;
  const std::size_t kept = buffer_.size();
  buffer_.resize(kept + kReadBytes);
  ssize_t got = -1;
  do {
    got = ::read(fd_, buffer_.data() + kept, kReadBytes);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return unreadable(path_, errno);
  buffer_.resize(kept + static_cast<std::size_t>(got));
  return got > 0;
}

Result<std::optional<MessageLine>> MessageLines::next_line() {
  std::size_t searched = at_;
  bool too_long = false;
  while (true) {
    const auto end = buffer_.find('\n', searched);
    if (end == std::string::npos && !ended_) {
      if (buffer_.size() - at_ > kLineBytesMax) {
        // Only its end is looked for; what was read of it is forgotten.
        too_long = true;
        bytes_read_ += static_cast<std::int64_t>(buffer_.size() - at_);
        at_ = buffer_.size();
      }
      searched = buffer_.size() - at_;
      const auto more = read_more();
      if (!more.ok()) return more.error();
      ended_ = !*more;
      continue;
    }
    if (end == std::string::npos && at_ == buffer_.size() && !too_long) return std::optional<MessageLine>();
    const std::size_t stop = std::min(end, buffer_.size());
    MessageLine line{++number_, too_long ? std::string() : buffer_.substr(at_, stop - at_)};
    const std::size_t after = std::min(stop + 1, buffer_.size());
    bytes_read_ += static_cast<std::int64_t>(after - at_);
    at_ = after;
    if (too_long || !is_blank(line.text)) return std::optional(std::move(line));
    searched = at_;
  }
}

Result<LineChunk> MessageLines::next() {
  LineChunk chunk;
  std::size_t bytes = 0;
  while (chunk.lines.size() + chunk.too_long.size() < LineChunk::kLinesMax) {
    if (!held_) {
      auto line = next_line();
      if (!line.ok()) return line.error();
      if (!*line) break;
      held_ = std::move(*line);
    }
    if (held_->text.empty()) {
      chunk.too_long.push_back(held_->number);
      held_.reset();
      continue;
    }
    if (!chunk.lines.empty() && bytes + held_->text.size() + 1 > LineChunk::kBytesMax) break;
    bytes += held_->text.size() + 1;
    chunk.lines.push_back(*std::exchange(held_, std::nullopt));
  }
  chunk.bytes_read = bytes_read_;
  return chunk;
}

}  // namespace waybill::cli
