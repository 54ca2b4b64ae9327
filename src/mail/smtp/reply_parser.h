// Splits what a mail server sends into replies (RFC 5321, 4.2). Pure; one thread. Bounded: a line or a reply that is
// too long is refused before more of it is kept.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waybill::smtp {

struct Reply {
  int code = 0;          ///< 200 to 599
  std::string enhanced;  ///< RFC 3463, as `5.1.1`; empty if the server gave none of the code's own class
  std::string text;      ///< all lines as one, without codes; UTF-8 without control characters, at most kReplyTextMax

  [[nodiscard]] int severity() const { return code / 100; }
  bool operator==(const Reply&) const = default;
};

/// RFC 5321 allows 512 bytes a line; servers are known to write more.
inline constexpr std::size_t kReplyLineMax = 2'048;
inline constexpr std::size_t kReplyLinesMax = 100;
inline constexpr std::size_t kReplyTextMax = 1'000;

class ReplyParser {
 public:
  /// Takes what was received.
  void feed(std::string_view bytes);
  /// The next whole reply; nothing until more is fed. Lines may end with CRLF or LF. Errors (kPermanent): what came is
  /// not a reply; the parser is of no use any more.
  [[nodiscard]] Result<std::optional<Reply>> next();
  /// True if bytes are left that no reply was made of.
  [[nodiscard]] bool has_rest() const { return at_ < kept_.size() || lines_ > 0; }

 private:
  [[nodiscard]] std::optional<Error> take_line(std::string_view line);

  std::string kept_;
  std::size_t at_ = 0;
  Reply reply_;            // of the lines so far
  std::size_t lines_ = 0;  // of reply_
  bool last_ = false;      // the line taken was reply_'s last
};

/// `250 2.1.5 Ok`, for people.
[[nodiscard]] std::string to_string(const Reply& reply);

/// `text` on one line: control characters become spaces, what is not UTF-8 becomes `?`; cut at kReplyTextMax.
[[nodiscard]] std::string fit_to_show(std::string_view text);

}  // namespace waybill::smtp
