// An answer as it goes over the wire. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/http_message.h"

namespace waybill::api {

struct ResponseFraming {
  std::string_view date;        ///< in the form of `http_date`
  bool keep_alive = true;       ///< false: the connection ends with this answer
  bool announce_alive = false;  ///< an HTTP/1.0 client must be told
  bool without_body = false;    ///< the answer to HEAD: the length of what is left out
};

/// Appends to `out`.
void write_response(const HttpResponse& response, const ResponseFraming& framing, std::string& out);

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
[[nodiscard]] std::string http_date(WallTime time);

/// The current date, written anew once a second. One thread.
class HttpDate {
 public:
  /// Ends with the next call.
  [[nodiscard]] std::string_view now();

 private:
  std::int64_t second_ = 0;
  std::string text_;
};

}  // namespace waybill::api
