// What the message log, its disk and the mail directory mean for the one who wants to use them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/finding.h"
#include "base/result.h"
#include "log/sqlite/inspect.h"

namespace waybill::app {

struct LocalFacts {
  std::string log_file;                     ///< empty: the log is not in a file
  std::optional<Result<SqliteFacts>> log;   ///< none: there is no file yet
  std::optional<std::uint64_t> free_bytes;  ///< of the log's disk; none: not known
  std::string maildir;                      ///< empty: this instance delivers no mail
  std::optional<Status> mail_writable;      ///< none: there is no directory yet
};

[[nodiscard]] Findings check_local(const LocalFacts& facts);

}  // namespace waybill::app
