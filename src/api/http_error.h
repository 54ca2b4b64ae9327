// What is answered when a request cannot be carried out: one value, written in the form of the endpoint it was meant
// for. Values; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "api/http_message.h"
#include "api/types.h"
#include "base/result.h"

namespace waybill::api {

/// How an endpoint writes its errors.
enum class ErrorForm {
  kV1,       ///< `{"error":{"code","message","fields"}}`
  kClassic,  ///< `{"code","msg","data"}`
};

struct HttpError {
  int status = 400;
  std::string message;  ///< one sentence: what was wrong, and what would be right
  std::vector<FieldError> fields = {};
  std::string code = {};  ///< a stable word; empty: the usual one of the status
  std::optional<std::chrono::seconds> retry_after = std::nullopt;
  std::vector<std::pair<std::string_view, std::string>> headers = {};  ///< e.g. `Allow`
};

[[nodiscard]] HttpResponse to_response(ErrorForm form, const HttpError& error);
/// As the kV1 form writes it.
[[nodiscard]] ErrorView view_of(const HttpError& error);
/// 400, as written.
[[nodiscard]] HttpError bad_request(ErrorView error);

/// 503 with `Retry-After`: nothing happened, the same request may succeed later.
[[nodiscard]] HttpError unavailable(std::string message);
/// 503 with `Retry-After`: it may have happened.
[[nodiscard]] HttpError in_doubt(std::string message);

/// No answer came before the deadline: in doubt with the endpoint's advice; unavailable if it has none.
[[nodiscard]] HttpError late_answer(std::string_view advice);
/// The endpoint broke down; in doubt too.
[[nodiscard]] HttpError failed_endpoint();

/// An error of a port as a client sees it: 400, 404, 409 or 503. `advice` is told when in doubt.
[[nodiscard]] HttpError from_port(const Error& error, std::string_view advice = {});

}  // namespace waybill::api
