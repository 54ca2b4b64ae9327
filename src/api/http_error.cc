#include "api/http_error.h"

#include <cstdlib>
#include <utility>

namespace waybill::api {
namespace {

constexpr std::chrono::seconds kRetryAfter{1};
constexpr std::string_view kCodeInDoubt = "in_doubt";

std::string_view usual_code(int status) {
  switch (status) {
    case 400:
      return "invalid_request";
    case 401:
      return "unauthorized";
    case 404:
      return "not_found";
    case 405:
      return "method_not_allowed";
    case 408:
      return "request_timeout";
    case 409:
      return "conflict";
    case 413:
      return "body_too_large";
    case 415:
      return "unsupported_media_type";
    case 422:
      return "key_reused";
    case 431:
      return "headers_too_large";
    default:
      return "unavailable";
  }
}

ClassicView classic_view_of(const HttpError& error) {
  if (error.status < 500) return {ClassicView::kBadRequest, error.message, {}, error.fields, {}};
  return {ClassicView::kFailure, error.message, {}, {}, view_of(error).code};
}

}  // namespace

HttpResponse to_response(ErrorForm form, const HttpError& error) {
  HttpResponse response{error.status, {}};
  response.headers = error.headers;
  if (error.retry_after) response.headers.emplace_back("Retry-After", std::to_string(error.retry_after->count()));
  switch (form) {
    case ErrorForm::kV1:
      response.body = to_json(view_of(error));
      break;
    case ErrorForm::kClassic:
      response.body = to_json(classic_view_of(error));
      break;
  }
  return response;
}

ErrorView view_of(const HttpError& error) {
  return ErrorView{error.code.empty() ? std::string(usual_code(error.status)) : error.code, error.message,
                   error.fields};
}

HttpError bad_request(ErrorView error) {
  return HttpError{400, std::move(error.message), std::move(error.fields), std::move(error.code)};
}

HttpError unavailable(std::string message) {
  HttpError error{503, std::move(message)};
  error.retry_after = kRetryAfter;
  return error;
}

HttpError in_doubt(std::string message) {
  HttpError error = unavailable(std::move(message));
  error.code = kCodeInDoubt;
  return error;
}

HttpError late_answer(std::string_view advice) {
  if (advice.empty()) return unavailable("no answer came in time; try again");
  return in_doubt("no answer came in time; " + std::string(advice));
}

HttpError failed_endpoint() {
  return in_doubt("the request failed inside the server; look whether it was carried out before repeating it");
}

HttpError from_port(const Error& error, std::string_view advice) {
  switch (error.what) {
    case ErrorClass::kPermanent:
      return HttpError{400, error.message};
    case ErrorClass::kConflict:
      return HttpError{409, error.message};
    case ErrorClass::kNotFound:
      return HttpError{404, error.message};
    case ErrorClass::kRetry:
    case ErrorClass::kOverload:
      return unavailable(error.message);
    case ErrorClass::kInDoubt:
      return in_doubt(advice.empty() ? error.message : error.message + "; " + std::string(advice));
  }
  std::abort();
}

}  // namespace waybill::api
