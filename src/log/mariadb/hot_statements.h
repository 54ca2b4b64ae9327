// The verbs of every message's usual way, each flush's in few statements: new rows in one, and of known rows first a
// look that locks them, then one statement for all that change alike. What does not go its usual way is left for the
// way by rows (log/rows), which explains it or recognises a write that is run again.
#pragma once

#include <span>

#include "log/mariadb/mariadb_store.h"
#include "log/rows/hot_first.h"

namespace waybill::mariadb {

/// `answers` has a place for each write and gets those of the writes that applied. The writes name their rows; those of
/// `held` rows are left out. What is written goes to the server with the next statement whose result is asked for.
void run_hot_statements(Connection& db, rows::HeldRows& held, std::span<const Write* const> writes,
                        const rows::Moment& moment, rows::Answers& answers, Ledger& ledger);

}  // namespace waybill::mariadb
