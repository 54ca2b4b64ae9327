// From what the ports know to what the interface shows. Pure; any thread.
#pragma once

#include <utility>

#include "api/types.h"
#include "ports/operations.h"

namespace waybill::api {

/// With its body if the row has been read with it, which the caller knows.
[[nodiscard]] MessageView view_of(const Row& row, bool with_body);
[[nodiscard]] MessageView view_of(const MessageDetail& detail, bool with_body);
[[nodiscard]] MessageListView view_of(const ListPage& page);
[[nodiscard]] StatsView view_of(const LogStats& stats);

}  // namespace waybill::api
