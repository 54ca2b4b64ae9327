// Why a message was not accepted, as a client sees it. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "api/http_error.h"
#include "base/result.h"
#include "ports/log_writes.h"

namespace waybill::api {

/// What a client shall do when its message may have been accepted.
inline constexpr std::string_view kMaybeAcceptedAdvice =
    "it may have been accepted: repeat the request with the same Idempotency-Key or id; without either, look for the "
    "message first";

/// Nothing if it was accepted, now or before. `repeated`: another request with its key was in flight already; when
/// nobody knows what became of it, the client is told that instead.
[[nodiscard]] std::optional<HttpError> intake_refusal(const Result<AppendAnswer>& answer, bool repeated);

}  // namespace waybill::api
