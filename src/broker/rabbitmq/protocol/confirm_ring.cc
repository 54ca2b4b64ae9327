#include "broker/rabbitmq/protocol/confirm_ring.h"

#include <algorithm>

#include "core/headers.h"

namespace waybill::rabbitmq {
void ConfirmRing::add(const Outgoing& message) {
  entries_.push_back({message.tag, message.id.value, publish_number_of(message.headers)});
  open_ += 1;
}

Result<std::vector<PublishTag>> ConfirmRing::settle(std::uint64_t number, bool multiple) {
  const std::uint64_t end = first_ + entries_.size();
  if (multiple && number == 0) number = end - 1;  // "all so far", by the specification
  // Everything up to a `multiple` may have been answered singly before; a single answer must be the first.
  const bool known = number < end && (multiple || (number >= first_ && !entries_[number - first_].settled));
  if (!known) {
    return make_error(ErrorClass::kPermanent,
                      "the broker answered publish " + std::to_string(number) + ", which waits for no answer");
  }
  std::vector<PublishTag> settled;
  for (std::uint64_t i = multiple ? first_ : number; i <= number; ++i) {
    Entry& entry = entries_[i - first_];
    if (entry.settled) continue;
    entry.settled = true;
    settled.push_back(entry.tag);
  }
  open_ -= settled.size();
  drop_settled_front();
  return settled;
}

void ConfirmRing::drop_settled_front() {
  while (!entries_.empty() && entries_.front().settled) {
    entries_.pop_front();
    first_ += 1;
  }
}

// Returns come in the order of publishing, so the next one is nearly always behind the last.
std::optional<PublishTag> ConfirmRing::match_return(std::string_view id, std::int64_t publish_number) {
  const std::size_t from = std::max(after_last_return_, first_) - first_;
  auto found = match_between(from, entries_.size(), id, publish_number);
  return found ? found : match_between(0, std::min(from, entries_.size()), id, publish_number);
}

std::optional<PublishTag> ConfirmRing::match_between(std::size_t begin, std::size_t end, std::string_view id,
                                                     std::int64_t publish_number) {
  for (std::size_t i = begin; i < end; ++i) {
    Entry& entry = entries_[i];
    if (entry.settled || entry.returned || entry.id != id || entry.publish_number != publish_number) continue;
    entry.returned = true;
    after_last_return_ = first_ + i + 1;
    return entry.tag;
  }
  return std::nullopt;
}

std::vector<std::string> ConfirmRing::open_ids() const {
  std::vector<std::string> ids;
  for (const Entry& entry : entries_) {
    if (!entry.settled) ids.push_back(entry.id);
  }
  return ids;
}

void ConfirmRing::clear() {
  entries_.clear();
  first_ = after_last_return_ = 1;
  open_ = 0;
}

}  // namespace waybill::rabbitmq
