// The end that retry, cancel and resolve share: the request is made, and the new state is told.
#pragma once

#include <string>

#include "cli/client.h"

namespace waybill::cli {

/// Posts to `/v1/messages/{id}/{verb}`.
[[nodiscard]] ExitCode change_state(const Client& client, const std::string& id, const std::string& verb,
                                    const std::string& request, bool json);

}  // namespace waybill::cli
