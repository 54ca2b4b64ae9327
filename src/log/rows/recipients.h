// The lines of `mail_recipient` of one row, while its verbs are decided.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ports/message_log.h"

namespace waybill::rows {

struct RecipientLine {
  RecordedRecipient recorded;
  bool changed = false;  ///< to be written
};

class Recipients {
 public:
  using Lines = std::map<std::string, RecipientLine>;  ///< by address

  /// A line as it is stored.
  void load(RecordedRecipient recorded);
  /// By the rule of core/recipients.h.
  void record(const std::vector<RecipientRecord>& told, WallTime now);
  void record_deliveries(const std::vector<RecipientRecord>& told, WallTime now);
  /// Those that have refused are to be tried again; what they said stays to be read.
  void open_refused(WallTime now);

  [[nodiscard]] const Lines& lines() const { return lines_; }
  [[nodiscard]] std::vector<RecipientRecord> records() const;

 private:
  void record(const RecipientRecord& told, WallTime now);

  Lines lines_;
};

/// False of a report that meets what earlier ones have recorded, or that is refused: it goes by rows. An attempt
/// reports while it is open once, and the first has none before it.
[[nodiscard]] bool only_adds_recipients(const Finish& write);

}  // namespace waybill::rows
