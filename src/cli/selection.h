// Which messages a command is about: the options that list, retry and cancel share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/types_bulk.h"
#include "base/result.h"
#include "cli/command.h"

namespace waybill::cli {

struct SelectionOptions {
  std::string status;
  std::vector<std::string> queue;  ///< at most one; '' is a name too: that of the external ones
  std::string since;
  std::string until = {};

  [[nodiscard]] std::vector<Option> options();
  [[nodiscard]] bool given() const { return !status.empty() || !queue.empty() || !since.empty() || !until.empty(); }
  /// Status, queue, since and until of a request. Errors: kPermanent, one sentence that names the option.
  [[nodiscard]] Result<api::BulkRequest> read() const;
};

/// As the words of a query: `&status=dead&queue=q`.
[[nodiscard]] std::string query_of(const api::BulkRequest& selection);
/// For a person: `dead, queue 'q', since …`; `any_state` is said if it names no state.
[[nodiscard]] std::string text_of(const api::BulkRequest& selection, std::string_view any_state);

/// A time as in RFC 3339, or how long ago: `2h`. Errors: kPermanent, with the name of the option.
[[nodiscard]] Result<WallTime> parse_since(const std::string& text, WallTime now, std::string_view option = "--since");

}  // namespace waybill::cli
