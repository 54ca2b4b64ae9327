// What is selected of a row, of a table called `m`, and read by log/rows/columns.h.
#pragma once

#include "log/mariadb/connection.h"
#include "log/rows/columns.h"

namespace waybill::mariadb {

#define WAYBILL_BODY_SIZE "CASE WHEN m.body IS NULL THEN OCTET_LENGTH(m.msg) ELSE OCTET_LENGTH(m.body) END"
/// As bytes, whichever column it is in.
#define WAYBILL_BODY "CASE WHEN m.body IS NULL THEN CAST(m.msg AS BINARY) ELSE m.body END"
#define WAYBILL_ROW_COLUMNS WAYBILL_STANDING_COLUMNS ", " WAYBILL_BODY_SIZE ", m.arrival"

using rows::kAfterRowColumns;
using rows::kArrivalColumn;
using rows::row_from;
using rows::standing_from;

}  // namespace waybill::mariadb
