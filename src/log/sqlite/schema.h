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

/// For the connection that writes: refuses another program's database, a damaged file (of `checked_max` bytes at the
/// most) and a schema that is newer or altered; sets WAL and synchronous=FULL and reads both back; applies the
/// migrations that are missing. True if the file was looked through for damage. Errors: kPermanent, each with a
/// sentence of its own; kRetry (locked, no room).
[[nodiscard]] Result<bool> prepare_store(Connection& connection, const std::string& path, std::size_t checked_max,
                                         WallTime now);

/// Looks through the whole file for damage. Errors: kPermanent (it is damaged, the sentence says how), kRetry.
[[nodiscard]] Status refuse_damage(Connection& connection, const std::string& path);

/// Sets WAL and synchronous=FULL and reads both back: for a writing connection that is opened again.
[[nodiscard]] Status make_durable(Connection& connection, const std::string& path);

/// For a connection that only reads: the same refusals, and kPermanent if a migration is missing.
[[nodiscard]] Status check_store(Connection& connection, const std::string& path);

}  // namespace waybill::sqlite
