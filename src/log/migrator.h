// Which migrations a store still needs. Pure: each store reads what was applied and applies what is planned, in its own
// dialect. Migrations are numbered from 1 without gaps, only ever added, and never changed once released.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waybill {

/// A file beside the store: `0001_message_log.sql` has number 1 and name `message_log`.
struct Migration {
  int number = 0;
  std::string_view name;
  std::string_view sql;
};

/// A line of the store's table `schema_migration`.
struct AppliedMigration {
  int number = 0;
  std::string name;
  std::string checksum;
};

/// SHA-256 of the file, in hex.
[[nodiscard]] std::string checksum_of(const Migration& migration);

/// What is still to be applied, in order. Refused (kPermanent) if the store was migrated by a newer program, or by one
/// whose migration had another text.
[[nodiscard]] Result<std::vector<Migration>> plan_migrations(std::span<const Migration> known,
                                                             std::span<const AppliedMigration> applied);

}  // namespace waybill
