// A request and its answer as endpoints see them: no sockets, no parser. Plain values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"

namespace waybill::api {

enum class HttpMethod {
  kGet,
  kHead,  ///< routed as GET, answered without the body
  kPost,
  kOther,  ///< understood as HTTP, taken by no endpoint
};

/// All views are into the connection's memory and end with the call they are handed to.
struct HttpRequest {
  HttpMethod method = HttpMethod::kOther;
  std::string_view path;   ///< as sent, still percent-encoded
  std::string_view query;  ///< what follows the `?`, still encoded
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::string_view body;
  std::vector<std::string> path_values;  ///< what `{…}` in the route's pattern stood for, decoded
  MonoTime deadline{};                   ///< by when the endpoint should have answered

  /// The value of a header, its name compared without case. Of several the first.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  [[nodiscard]] int header_count(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string body;
  std::string_view content_type = "application/json";                  ///< a constant
  std::vector<std::pair<std::string_view, std::string>> headers = {};  ///< beyond type and length; names are constants
};

/// `%41` → `A`; nothing if a `%` is not followed by two hex digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

using QueryParameters = std::vector<std::pair<std::string, std::string>>;
/// `a=1&b=x+y`, decoded, in order; nothing if it cannot be decoded.
[[nodiscard]] std::optional<QueryParameters> parse_query(std::string_view query);

/// True for `application/json`, alone or with `charset=utf-8`.
[[nodiscard]] bool is_json_media_type(std::string_view content_type);
/// The same for `application/x-ndjson`: one JSON value a line.
[[nodiscard]] bool is_ndjson_media_type(std::string_view content_type);

[[nodiscard]] bool equal_ignoring_case(std::string_view left, std::string_view right);
/// Without leading and trailing spaces and tabs.
[[nodiscard]] std::string_view trim(std::string_view text);

}  // namespace waybill::api
