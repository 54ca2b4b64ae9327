#include "log/sqlite/bodies.h"

#include <string>

namespace waybill::sqlite {
namespace {

constexpr char kRows[] = "msg_log";
constexpr char kApart[] = "msg_body";
constexpr char kContent[] = "content";

// What a former row of this id has left behind counts for nothing.
constexpr char kStore[] = "INSERT OR REPLACE INTO msg_body (msg_id, content) VALUES (?1, ?2)";
constexpr char kFind[] = "SELECT rowid, typeof(content) = 'blob' FROM msg_body WHERE msg_id = ?1";
constexpr char kInRow[] = "SELECT ifnull(body, msg) FROM msg_log WHERE rowid = ?1";
constexpr char kMove[] =
    "INSERT OR REPLACE INTO msg_body (msg_id, content) SELECT msg_id, ifnull(body, msg) FROM msg_log WHERE rowid = ?1";
constexpr char kEmpty[] = "UPDATE msg_log SET msg = '', body = NULL WHERE rowid = ?1";
constexpr char kCopy[] =
    "INSERT OR REPLACE INTO msg_body (msg_id, content) SELECT ?2, content FROM msg_body WHERE msg_id = ?1";

bool stands_apart(const Body& body) { return body.size() > kInRowMax; }

}  // namespace

bool is_stored_as_text(const Body& body) {
  return !body.binary() && body.bytes().find('\0') == std::string::npos && is_valid_utf8(body.bytes());
}

BodyColumns::BodyColumns(const Body& from) {
  if (stands_apart(from)) return;
  if (is_stored_as_text(from)) {
    msg.text = from.bytes();
  } else {
    body = Blob{from.bytes()};
  }
}

void store_apart(Transaction& tx, const MessageId& id, const Body& body) {
  if (!stands_apart(body)) return;
  if (is_stored_as_text(body)) {
    tx.db.run(kStore, id, LongText{body.bytes()});
  } else {
    tx.db.run(kStore, id, Blob{body.bytes()});
  }
}

std::optional<StoredBody> find_body(Connection& db, const MessageId& id, std::int64_t rowid, bool in_body_column) {
  const char* const column = in_body_column ? "body" : "msg";
  const auto bytes = db.value_size(kRows, column, rowid);
  if (!bytes) return std::nullopt;
  const StoredBody in_row{false, rowid, *bytes, in_body_column};
  if (*bytes > 0 || in_body_column) return in_row;
  StoredBody apart{.apart = true};
  {
    auto found = db.query(kFind, id);
    if (!found.next()) return db.failed() ? std::nullopt : std::optional(in_row);
    apart.rowid = found.integer(0);
    apart.binary = found.integer(1) != 0;
  }
  const auto size = db.value_size(kApart, kContent, apart.rowid);
  if (!size) return std::nullopt;
  apart.bytes = *size;
  return apart;
}

std::optional<Body> load_body(Connection& db, const StoredBody& stored, std::size_t most) {
  if (stored.bytes > most) {
    db.fail_statement("the body has " + std::to_string(stored.bytes) + " bytes, more than the " + std::to_string(most) +
                      " that are ever loaded");
    return std::nullopt;
  }
  if (!stored.apart) {
    auto row = db.query(kInRow, stored.rowid);
    if (!row.next()) return std::nullopt;
    return Body(std::string(row.blob(0)), stored.binary);
  }
  auto bytes = db.read_value(kApart, kContent, stored.rowid);
  if (!bytes) return std::nullopt;
  return Body(*std::move(bytes), stored.binary);
}

std::optional<Body> load_body(Connection& db, const MessageId& id, std::int64_t rowid, bool in_body_column,
                              std::size_t most) {
  const auto stored = find_body(db, id, rowid, in_body_column);
  return stored ? load_body(db, *stored, most) : std::nullopt;
}

void move_apart(Transaction& tx, const StoredBody& stored) {
  if (stored.apart || stored.bytes <= kInRowMax) return;
  tx.db.run(kMove, stored.rowid);
  tx.db.run(kEmpty, stored.rowid);
}

void copy_apart(Transaction& tx, const MessageId& from, std::string_view to) { tx.db.run(kCopy, from, to); }

}  // namespace waybill::sqlite
