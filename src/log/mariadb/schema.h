// Brings a database into the shape that the log relies on, or refuses it with one sentence.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "log/mariadb/connection.h"
#include "log/migrator.h"

namespace waybill::mariadb {

/// The files of `migrations/`, embedded when the program is built.
[[nodiscard]] std::span<const Migration> migrations();

struct SchemaState {
  std::vector<AppliedMigration> applied;
  std::vector<Migration> missing;
  bool begun = false;        ///< the first of the missing ones was begun and broken off
  bool has_table = false;    ///< a table `msg_log`, whoever made it
  bool has_rows = false;     ///< it is migrated only when somebody says so
  bool is_adopting = false;  ///< the rows of a classic table are on their way into it
  std::string in_the_way;    ///< nothing is applied, and another program's table has a name that the log needs
};

/// Errors: kPermanent (made by a newer program, or another's, or with another collation), kRetry.
[[nodiscard]] Result<SchemaState> read_schema(Connection& connection);

enum class Migrate {
  kIfEmpty,  ///< a store without rows; one with rows must be complete
  kAlways,
};
/// Applies what is missing; whoever else does so at the same time waits. A migration that is broken off is run again
/// from its beginning. Works on a connection of its own, without the usual timeouts. Errors: kPermanent with what an
/// administrator must do, kRetry.
[[nodiscard]] Status migrate(const MariadbOptions& options, Migrate how);

/// The whole schema, but for the names of two of its tables. Not safe beside others. Errors: likewise.
[[nodiscard]] Status make_schema(Connection& connection, const std::string& msg_log,
                                 const std::string& schema_migration);

/// Of a failure for lack of a right: kPermanent with what an administrator must do. Any other as it is.
[[nodiscard]] Error explain(const Connection& connection, Failure failure);

/// Refuses a server that forgets what it has committed. The warning, if there is one, is for a person.
[[nodiscard]] Result<std::string> check_durability(Connection& connection);

}  // namespace waybill::mariadb
