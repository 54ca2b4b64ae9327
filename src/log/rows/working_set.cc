#include "log/rows/working_set.h"

namespace waybill::rows {

std::map<State, std::int64_t> finished_changes(const WorkingSet& set) {
  std::map<State, std::int64_t> changes;
  for (const auto& [_, row] : set.rows) {
    if (row.before && row.before->finished()) --changes[row.before->status];
    if (row.now && row.now->finished()) ++changes[row.now->status];
  }
  std::erase_if(changes, [](const auto& change) { return change.second == 0; });
  return changes;
}

}  // namespace waybill::rows
