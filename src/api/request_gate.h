// Decides from a request's headers alone whether it may go on, and to whom. Immutable; any thread.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "api/access.h"
#include "api/router.h"

namespace waybill::api {

class RequestGate {
 public:
  RequestGate(Router router, const std::vector<std::string>& tokens) : router_(std::move(router)), access_(tokens) {}

  /// 401 without a token where one is needed, also for paths that do not exist; else what the router says.
  [[nodiscard]] std::variant<Router::Match, HttpError> admit(const HttpRequest& request) const;
  /// In the form that the path's endpoint has.
  [[nodiscard]] HttpResponse refuse(const HttpRequest& request, const HttpError& error) const;

 private:
  const Router router_;
  const Access access_;
};

}  // namespace waybill::api
