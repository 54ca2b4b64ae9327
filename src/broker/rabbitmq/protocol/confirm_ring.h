// What one channel in one of its lives has published and the broker has not answered: the broker counts a channel's
// publishes from 1, so a new life takes a new ring, and an answer to the old one can confirm nothing of the new. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/broker.h"

namespace waybill::rabbitmq {

class ConfirmRing {
 public:
  /// In the order of publishing.
  void add(const Outgoing& message);
  /// An answer of the broker's: the tags it settles, in the order of publishing. Errors (kPermanent): it answers what
  /// was never published, or what it has answered before.
  [[nodiscard]] Result<std::vector<PublishTag>> settle(std::uint64_t number, bool multiple);
  /// The publish that a returned message was: the first one unreturned of this id and publish number. Nothing: it is
  /// none of these.
  [[nodiscard]] std::optional<PublishTag> match_return(std::string_view id, std::int64_t publish_number);

  [[nodiscard]] std::size_t size() const { return open_; }
  /// The ids that wait for an answer.
  [[nodiscard]] std::vector<std::string> open_ids() const;
  void clear();

 private:
  struct Entry {
    PublishTag tag;
    std::string id;
    std::int64_t publish_number = 0;
    bool returned = false;
    bool settled = false;
  };
  [[nodiscard]] std::optional<PublishTag> match_between(std::size_t begin, std::size_t end, std::string_view id,
                                                        std::int64_t publish_number);
  void drop_settled_front();

  std::deque<Entry> entries_;
  std::uint64_t first_ = 1;  // the broker's number of entries_.front()
  std::uint64_t after_last_return_ = 1;
  std::size_t open_ = 0;
};

}  // namespace waybill::rabbitmq
