// The lines of a file of messages (NDJSON), cut into requests that a server takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace waybill::cli {

/// One non-blank line, counted from 1 among all.
struct MessageLine {
  std::int64_t number = 0;
  std::string text;
};

/// What goes into one request. The same file is always cut in the same way.
struct LineChunk {
  static constexpr std::size_t kLinesMax = 1'000;
  static constexpr std::size_t kBytesMax = 768U << 10U;  ///< well below what a server takes by default

  std::vector<MessageLine> lines;
  std::vector<std::int64_t> too_long;  ///< numbers of lines that were left out: longer than kLineBytesMax
  std::int64_t bytes_read = 0;         ///< of the whole file so far
  [[nodiscard]] bool empty() const { return lines.empty() && too_long.empty(); }
};

/// One thread.
class MessageLines {
 public:
  static constexpr std::size_t kLineBytesMax = 16U << 20U;

  /// `-` is stdin. Errors: kPermanent, the sentence names the file.
  [[nodiscard]] static Result<MessageLines> open(const std::string& path);
  ~MessageLines();
  MessageLines(MessageLines&& other) noexcept;
  MessageLines& operator=(MessageLines&&) = delete;

  /// Bytes; 0 if it is not known.
  [[nodiscard]] std::int64_t size() const { return size_; }
  /// The next request's lines; empty at the end. A line longer than kBytesMax makes a request of its own. Errors:
  /// kPermanent.
  [[nodiscard]] Result<LineChunk> next();

 private:
  MessageLines(int fd, std::string path, std::int64_t size);
  /// Nothing at the end; a line that is too long comes without its text.
  [[nodiscard]] Result<std::optional<MessageLine>> next_line();
  [[nodiscard]] Result<bool> read_more();

  int fd_;
  std::string path_;
  std::int64_t size_;
  std::string buffer_;
  std::size_t at_ = 0;  // in the buffer: what comes before is done with
  std::int64_t number_ = 0;
  std::int64_t bytes_read_ = 0;
  bool ended_ = false;
  std::optional<MessageLine> held_;  // found no room in the chunk before
};

}  // namespace waybill::cli
