#include "api/request_gate.h"

namespace waybill::api {

std::variant<Router::Match, HttpError> RequestGate::admit(const HttpRequest& request) const {
  if (!access_.open() && !router_.is_open(request.path) &&
      (request.header_count("Authorization") != 1 || !access_.allows(request.header("Authorization")))) {
    HttpError error{401, "this server asks for a token: send 'Authorization: Bearer TOKEN'"};
    error.headers.emplace_back("WWW-Authenticate", "Bearer");
    return error;
  }
  return router_.match(request.method, request.path);
}

HttpResponse RequestGate::refuse(const HttpRequest& request, const HttpError& error) const {
  return to_response(router_.form_of(request.path), error);
}

}  // namespace waybill::api
