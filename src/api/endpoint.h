// One endpoint of the HTTP interface.
#pragma once

#include <functional>
#include <string_view>

#include "api/http_message.h"

namespace waybill::api {

/// Takes the answer to one request: from any thread, at once or later. A second call, and one that comes after the
/// connection has gone or the request's deadline has passed, changes nothing.
using Answer = std::function<void(HttpResponse)>;

class Endpoint {
 public:
  virtual ~Endpoint() = default;
  /// On the server's thread: must not wait. `request` and all it points to end with the call.
  virtual void handle(const HttpRequest& request, Answer answer) = 0;
  /// What a client shall do when nobody knows what became of its request; empty: asking changes nothing.
  [[nodiscard]] virtual std::string_view in_doubt_advice() const { return {}; }
};

}  // namespace waybill::api
