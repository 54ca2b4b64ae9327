// A book of recipients that lasts as long as its process; any thread. It can be told to fail.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "mail/smtp/recipient_book.h"

namespace waybill::smtp {

class MemoryRecipientBook final : public RecipientBook {
 public:
  [[nodiscard]] Result<std::vector<RecipientRecord>> read(const MessageId& id,
                                                          const std::vector<std::string>& to) override {
    if (read_fails) return make_error(ErrorClass::kRetry, "the book is told to fail");
    const std::lock_guard lock(mutex_);
    std::vector<RecipientRecord> records;
    for (const auto& address : to) {
      const auto found = records_.find({id.value, address});
      records.push_back(found == records_.end() ? RecipientRecord{address, {}, ""} : found->second);
    }
    return records;
  }

  [[nodiscard]] Status record(const MessageId& id, const std::vector<RecipientRecord>& records) override {
    if (record_fails) return make_error(ErrorClass::kInDoubt, "the book is told to fail");
    const std::lock_guard lock(mutex_);
    for (const auto& record : records) {
      auto& kept = records_[{id.value, record.address}];
      const bool settled = kept.outcome.fate == RecipientFate::kDelivered ||
                           (kept.outcome.fate == RecipientFate::kRefused && is_open(record.outcome.fate));
      if (!settled) kept = record;
    }
    return ok_status();
  }

  std::atomic<bool> read_fails{false};
  std::atomic<bool> record_fails{false};

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, RecipientRecord> records_;
};

}  // namespace waybill::smtp
