#include "log/rows/held_rows.h"

namespace waybill::rows {
namespace {

constexpr std::size_t kMost = 10'000;

}  // namespace

void HeldRows::add(const MessageId& id) {
  const MonoTime now = std::chrono::steady_clock::now();
  if (until_.size() >= kMost) std::erase_if(until_, [&](const auto& entry) { return entry.second <= now; });
  if (until_.size() < kMost || until_.contains(id.value)) until_[id.value] = now + remembered_;
}

void HeldRows::forget(const MessageId& id) {
  if (!until_.empty()) until_.erase(id.value);
}

bool HeldRows::has(const MessageId& id) {
  if (until_.empty()) return false;
  const auto found = until_.find(id.value);
  if (found == until_.end()) return false;
  if (found->second > std::chrono::steady_clock::now()) return true;
  until_.erase(found);
  return false;
}

}  // namespace waybill::rows
