// Brings a database into the shape that the log relies on, or refuses it with one sentence.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "log/migrator.h"
#include "log/postgres/connection.h"

namespace waybill::postgres {

/// The files of `migrations/`, embedded when the program is built.
[[nodiscard]] std::span<const Migration> migrations();

struct SchemaState {
  std::vector<AppliedMigration> applied;
  std::vector<Migration> missing;
  bool has_table = false;    ///< there is a table `msg_log`, whoever made it
  bool has_rows = false;     ///< and it has rows: it is migrated only when somebody says so
  bool is_adopting = false;  ///< the rows of a classic table are on their way into it
  std::string in_the_way;    ///< nothing is applied, and another program's table has a name that the log needs
};

/// Errors: kPermanent (made by a newer program, or another's), kRetry.
[[nodiscard]] Result<SchemaState> read_schema(Connection& connection);

enum class Migrate {
  kIfEmpty,  ///< a store without rows; one with rows must be complete
  kAlways,
};
/// Applies what is missing, in one transaction; whoever else does so at the same time waits. The connection keeps long
/// timeouts and is of no use for the log's own work. Errors: kPermanent with
/// what an administrator must do, kRetry.
[[nodiscard]] Status migrate(Connection& connection, Migrate how);

/// The whole schema, within the caller's transaction, where there is no `msg_log`. Errors: likewise.
[[nodiscard]] Status make_schema(Connection& connection);

/// Of a failure for lack of the right to create: kPermanent with what an administrator must do. Any other as it is.
[[nodiscard]] Error explain(Connection& connection, Failure failure);

/// Refuses a server that forgets what it has committed. The warning, if there is one, is for a person.
[[nodiscard]] Result<std::string> check_durability(Connection& connection);

}  // namespace waybill::postgres
