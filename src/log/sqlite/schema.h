// Brings an opened database into the shape and the durability that the log relies on, or refuses it with one sentence.
#pragma once

#include <span>

#include "base/result.h"
#include "base/time.h"
#include "log/migrator.h"
#include "log/sqlite/connection.h"

namespace waybill::sqlite {

/// The files of `migrations/`, embedded when the program is built.
[[nodiscard]] std::span<const Migration> migrations();

/// For the connection that writes: refuses another program's database, a damaged file and a schema that is newer or
/// altered; sets WAL and synchronous=FULL and reads both back; applies the migrations that are missing.
/// Errors: kPermanent, each with a sentence of its own; kRetry (locked, no room).
[[nodiscard]] Status prepare_store(Connection& connection, const std::string& path, WallTime now);

/// Sets WAL and synchronous=FULL and reads both back: for a writing connection that is opened again.
[[nodiscard]] Status make_durable(Connection& connection, const std::string& path);

/// For a connection that only reads: the same refusals, and kPermanent if a migration is missing.
[[nodiscard]] Status check_store(Connection& connection, const std::string& path);

}  // namespace waybill::sqlite
