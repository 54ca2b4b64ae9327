// Why a message was not accepted, as a client sees it. Pure; any thread.
#pragma once

#include <optional>

#include "api/http_error.h"
#include "base/result.h"
#include "ports/log_writes.h"

namespace waybill::api {

/// Nothing if it was accepted, now or before. `repeated`: another request with its key was in flight already; when
/// nobody knows what became of it, the client is told that instead.
[[nodiscard]] std::optional<HttpError> intake_refusal(const Result<AppendAnswer>& answer, bool repeated);

}  // namespace waybill::api
