// Reads the answers of one HTTP/1.1 connection, as lean as a load generator needs it: an answer has a Content-Length,
// and nothing else of its head is understood but what stands below. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace waybill::bench {

struct HttpAnswer {
  int status = 0;
  std::string_view body;
  int retry_after_s = 0;  ///< 0: not told
  bool close = false;     ///< the server ends the connection
};

class AnswerReader {
 public:
  void append(std::string_view bytes) { buffer_ += bytes; }
  /// The next answer, once all of it is here. Its body is valid until drop().
  [[nodiscard]] std::optional<HttpAnswer> read();
  /// Forgets the answer that read() gave.
  void drop();
  /// What came is no answer with a length.
  [[nodiscard]] bool broken() const { return broken_; }
  void reset();

 private:
  std::string buffer_;
  std::size_t head_ = 0;    // bytes of the head with its empty line; 0: not found yet
  std::size_t length_ = 0;  // of the body
  HttpAnswer answer_;
  bool broken_ = false;
};

}  // namespace waybill::bench
