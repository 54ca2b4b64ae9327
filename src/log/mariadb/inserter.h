// Many rows in statements that a server takes.
#pragma once

#include <string>
#include <utility>

#include "log/mariadb/connection.h"

namespace waybill::mariadb {

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
