#include "api/intake_refusal.h"

#include <cstdlib>

namespace waybill::api {
namespace {

HttpError refused(const Error& error, bool repeated) {
  if (error.what != ErrorClass::kInDoubt) return from_port(error);
  if (repeated) {
    return HttpError{
        409, "a request with this Idempotency-Key is still being handled; repeat this one later", {}, "in_flight"};
  }
  return in_doubt(std::string(kMaybeAcceptedAdvice));
}

}  // namespace

std::optional<HttpError> intake_refusal(const Result<AppendAnswer>& answer, bool repeated) {
  if (!answer.ok()) return refused(answer.error(), repeated);
  switch (answer->kind) {
    case AppendAnswer::Kind::kAccepted:
    case AppendAnswer::Kind::kDuplicate:
      return std::nullopt;
    case AppendAnswer::Kind::kKeyReused:
      return HttpError{422, "this Idempotency-Key came with another request before; use a new one"};
    case AppendAnswer::Kind::kConflict:
      return HttpError{409, "a different message with the id '" + answer->id.value + "' exists"};
    case AppendAnswer::Kind::kIdTaken:
      return unavailable("no free message id was found; try again");
  }
  std::abort();
}

}  // namespace waybill::api
