// The verbs of every message's usual way, each flush's in two statements: new rows in one, and what becomes of known
// rows in another, so that all processes lock rows in one order. Guards stand in the WHERE. What did not apply is left
// for the way by rows (log/rows), which explains it or recognises a write that is run again.
#pragma once

#include <span>

#include "log/postgres/postgres_store.h"
#include "log/rows/hot_first.h"

namespace waybill::postgres {

/// `answers` has a place for each write and gets those of the writes that applied. The writes name their rows; those of
/// `held` rows are left out.
void run_hot_statements(Connection& db, rows::HeldRows& held, std::span<const Write* const> writes,
                        const rows::Moment& moment, rows::Answers& answers, FinishedChanges& finished);

}  // namespace waybill::postgres
