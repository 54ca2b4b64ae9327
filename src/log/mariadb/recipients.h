// What became of the recipients of mails, `mail_recipient` (core/recipients.h): most messages have none.
#pragma once

#include <string>

#include "log/mariadb/connection.h"
#include "log/rows/working_set.h"

namespace waybill::mariadb {

/// Lines of many rows for one statement.
class RecipientLines {
 public:
  /// Those that are to be written.
  void add(const MessageId& id, const rows::Recipients& recipients);
  /// Of a finish; see rows::only_adds_recipients.
  void add(const Finish& write, WallTime now);
  [[nodiscard]] bool empty() const { return lines_.empty(); }
  /// Tells the connection what was added, if anything was.
  void tell(Connection& db) const;

 private:
  Tuples lines_;
};

/// Of these rows, in the order of the addresses of each; the first column is the row's id (rows::recipient_from reads
/// the others).
[[nodiscard]] std::string recipients_of(const List& ids);

}  // namespace waybill::mariadb
