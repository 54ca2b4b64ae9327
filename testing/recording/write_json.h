// Writes of the message log, and rows that another program inserts, as JSON: one object each, `{"verb":"mark_sent",
// "id":"m-1",…}`. Times are milliseconds since 1970, durations milliseconds, digests hex, bodies Base64; an optional
// field that is not set is left out. Pure functions; any thread.
#pragma once

#include "ports/message_log.h"

namespace boost::json {
class value;
}

namespace waybill::recording {

/// Nothing of the write is lost: reading gives the same write again.
[[nodiscard]] boost::json::value to_json(const Write& write);
/// kPermanent, naming the field, if it is not what `to_json` writes.
[[nodiscard]] Result<Write> write_from_json(const boost::json::value& json);

/// Of the row only the nine classic columns.
[[nodiscard]] boost::json::value foreign_row_to_json(const Row& row);
[[nodiscard]] Result<Row> foreign_row_from_json(const boost::json::value& json);

}  // namespace waybill::recording
