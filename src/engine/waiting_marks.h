// Confirms that are not yet in the log. A mark that the broker has a message is only a hint, and the message is often
// handled a moment later: then its finish carries the confirm time, and the mark is never written (protocol, section
// 7).
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "ports/log_writes.h"

namespace waybill {

/// One thread. Bounded: beyond `most` waiting marks the oldest are due at once.
class WaitingMarks {
 public:
  explicit WaitingMarks(Duration hold, std::size_t most = 4'096) : hold_(hold), most_(most) {}

  void add(MarkSent mark, MonoTime now);
  /// The row's outcome is about to be recorded: its mark is not needed any more. Gives the confirm's time, if that
  /// publish was confirmed and its mark has not been written yet.
  [[nodiscard]] std::optional<WallTime> withdraw(const MessageId& id, std::int64_t publish_number);
  /// The marks to be written now, the oldest first.
  [[nodiscard]] std::vector<MarkSent> take_due(MonoTime now);
  [[nodiscard]] std::vector<MarkSent> take_all();
  /// When `take_due` is wanted.
  [[nodiscard]] std::optional<MonoTime> next_due() const;

 private:
  struct Place {
    std::string id;
    std::int64_t publish_number = 0;
    MonoTime due;
  };
  void take_first(std::vector<MarkSent>& marks);

  const Duration hold_;
  const std::size_t most_;
  std::unordered_map<std::string, MarkSent> marks_;  // of each id the latest publish
  std::deque<Place> order_;                          // also of those withdrawn since
};

}  // namespace waybill
