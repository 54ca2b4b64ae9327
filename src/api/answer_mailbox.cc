#include "api/answer_mailbox.h"

#include <utility>

namespace waybill::api {

void AnswerMailbox::put(Item item) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  items_.push_back(std::move(item));
  if (items_.size() == 1) wake_();
}

void AnswerMailbox::take(std::vector<Item>& items) {
  items.clear();
  const std::lock_guard lock(mutex_);
  items_.swap(items);
}

void AnswerMailbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  items_.clear();
}

}  // namespace waybill::api
