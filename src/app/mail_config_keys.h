// The part of the table that tells where mails go, and dead letters.
#pragma once

#include <vector>

#include "app/config_keys.h"

namespace waybill::app {

[[nodiscard]] std::vector<ConfigKey> mail_config_keys();

}  // namespace waybill::app
