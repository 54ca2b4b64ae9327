// The statements of an adoption that depend on the types of the classic table's columns.
#pragma once

#include <string>
#include <vector>

#include "log/classic_table.h"

namespace waybill::postgres {

struct ClassicStatements {
  ClassicStatements(const std::vector<ClassicColumn>& columns, const TimeZone& zone);

  std::string first;      ///< $1: how many
  std::string next;       ///< $1: how many, $2: after which key
  std::string move;       ///< $1: keys, $2: a `sent` row last changed before counts as consumed
  std::string count_log;  ///< $1: what is old
  std::string count_classic;
};

}  // namespace waybill::postgres
