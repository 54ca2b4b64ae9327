#include "log/sqlite/finished_counts.h"

namespace waybill::sqlite {

void FinishedCounts::write(Connection& db) const {
  for (const State state : kAllStates) {
    const std::int64_t change = changes_[static_cast<std::size_t>(state)];
    if (change == 0) continue;
    db.run("UPDATE finished_count SET rows = rows + ?2 WHERE status = ?1", static_cast<int>(state), change);
  }
}

}  // namespace waybill::sqlite
