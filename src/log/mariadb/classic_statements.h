// The statements of an adoption that depend on the types of the classic table's columns.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "log/classic_table.h"
#include "log/mariadb/sql.h"

namespace waybill::mariadb {

class ClassicStatements {
 public:
  ClassicStatements(const std::vector<ClassicColumn>& columns, const TimeZone& zone);

  [[nodiscard]] std::string page(const std::optional<std::string>& after, int limit) const;
  [[nodiscard]] std::string count(bool renamed, WallTime old) const;

  /// Parts of one transaction, in this order; `keys` are those of list_of.
  struct Move {
    std::string outcome;  ///< how many are done, and how many there are
    std::string rows;
    std::string events;
    std::string counts;
    std::string gone;
  };
  [[nodiscard]] Move move(const List& keys, std::optional<WallTime> done_before) const;
  [[nodiscard]] List list_of(const std::vector<std::string>& keys) const;

 private:
  [[nodiscard]] std::string key(const std::string& text) const;

  bool has_integer_keys_ = false;
  std::string created_;
  std::string changed_;
};

}  // namespace waybill::mariadb
