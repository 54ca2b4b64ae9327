// Many rows in statements that a server takes.
#pragma once

#include <string>
#include <utility>

#include "log/mariadb/connection.h"

namespace waybill::mariadb {

/// The head of an insert of new rows, which waits for no lock if the lane has no time for that.
[[nodiscard]] inline std::string head_of(const Connection& db, const std::string& insert) {
  const bool at_once = db.is_mariadb() && !db.options().patience.inserts_wait;
  return at_once ? "SET STATEMENT innodb_lock_wait_timeout = 0 FOR " + insert : insert;
}

/// Tells the connection `head rows tail`, once for about a MiB of rows.
class Inserter {
 public:
  Inserter(Connection& db, std::string head, std::string tail)
      : db_(db), head_(std::move(head)), tail_(std::move(tail)) {}

  Tuples& rows() { return rows_; }
  void end_row() {
    rows_.end();
    if (rows_.text().size() > kEnough) send();
  }
  void send() {
    if (rows_.empty()) return;
    db_.tell(head_ + rows_.text() + tail_);
    rows_.clear();
  }

 private:
  static constexpr std::size_t kEnough = 1U << 20U;
  Connection& db_;
  const std::string head_;
  const std::string tail_;
  Tuples rows_;
};

}  // namespace waybill::mariadb
