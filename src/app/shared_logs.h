// The kinds of message log that others share, all of which are known here alone.
#pragma once

#include <string>
#include <string_view>

#include "app/config.h"
#include "log/shared_log.h"

namespace waybill::app {

/// By a URL, and by the bare word for it; null: there is none.
[[nodiscard]] const SharedLogKind* shared_log_kind_of(std::string_view url);
[[nodiscard]] const SharedLogKind* shared_log_kind_called(std::string_view word);
/// What their URLs look like, and their words.
[[nodiscard]] std::string shared_log_forms();

/// The kind of the configured log, which is a shared one, and how it is opened.
[[nodiscard]] const SharedLogKind& kind_of(const MessageLogConfig& log);
[[nodiscard]] SharedLogOptions shared_log_options(const MessageLogConfig& log);

}  // namespace waybill::app
