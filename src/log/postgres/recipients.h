// What became of the recipients of mails, `mail_recipient` (core/recipients.h): most messages have none.
#pragma once

#include <vector>

#include "log/postgres/connection.h"
#include "log/rows/working_set.h"

namespace waybill::postgres {

/// Lines of many rows for one statement.
class RecipientLines {
 public:
  /// Those that are to be written.
  void add(const MessageId& id, const rows::Recipients& recipients);
  /// Of a finish; see rows::only_adds_recipients.
  void add(const Finish& write, WallTime now);
  /// Hands over what was added, if anything was.
  void send(Connection& db) const;
  /// The same of finishes, each for the row that it has consumed in this transaction, and for no other.
  void send_of_consumed(Connection& db) const;

 private:
  [[nodiscard]] Params params() const;

  Array ids_{Type::kText};
  Array addresses_{Type::kText};
  Array fates_{Type::kSmall};
  Array codes_{Type::kInteger};
  Array enhanced_{Type::kText};
  Array replies_{Type::kText};
  Array relays_{Type::kText};
  Array times_{Type::kTimestamp};
};

/// In the order of the addresses of each; the first column is the row's id (rows::recipient_from reads the others).
[[nodiscard]] Rows ask_recipients(Connection& db, const Array& ids);

}  // namespace waybill::postgres
