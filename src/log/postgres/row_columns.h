// What is selected of a row, of a table called `m`, and read by log/rows/columns.h.
#pragma once

#include "log/postgres/connection.h"
#include "log/rows/columns.h"

namespace waybill::postgres {

#define WAYBILL_ROW_COLUMNS WAYBILL_STANDING_COLUMNS ", coalesce(octet_length(m.body), octet_length(m.msg)), m.arrival"

using rows::kAfterRowColumns;
using rows::kArrivalColumn;
using rows::row_from;
using rows::standing_from;

}  // namespace waybill::postgres
