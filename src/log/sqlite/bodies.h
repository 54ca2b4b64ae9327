// Where bodies are kept: small ones in their rows, large ones in a table of their own. An update of a row writes all of
// it anew, so a body of 25 MiB in it would be written with every step of its message (docs/adr/0022).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/message.h"
#include "log/sqlite/transaction.h"

namespace waybill::sqlite {

/// Larger bodies stand apart.
inline constexpr std::size_t kInRowMax = 256U << 10U;

/// Text (valid UTF-8 without NUL) goes to `msg`, for every program to read; anything else to `body`.
[[nodiscard]] bool is_stored_as_text(const Body& body);

/// Both body columns of the row, without copies: the body must outlive the query.
struct BodyColumns {
  explicit BodyColumns(const Body& from);
  LongText msg;
  std::optional<Blob> body;
};
/// After its row was inserted: the body, if it stands apart.
void store_apart(Transaction& tx, const MessageId& id, const Body& body);

/// A body that is stored, not yet read.
struct StoredBody {
  bool apart = false;
  std::int64_t rowid = 0;  ///< there
  std::size_t bytes = 0;
  bool binary = false;
};
/// `rowid` and `in_body_column` (its `body` is not null) are of the message's row. Nothing after a failure.
[[nodiscard]] std::optional<StoredBody> find_body(Connection& db, const MessageId& id, std::int64_t rowid,
                                                  bool in_body_column);
/// Nothing, and the statement fails, if it is larger than `most`.
[[nodiscard]] std::optional<Body> load_body(Connection& db, const StoredBody& stored, std::size_t most);
[[nodiscard]] std::optional<Body> load_body(Connection& db, const MessageId& id, std::int64_t rowid,
                                            bool in_body_column, std::size_t most);

/// Another program inserts a large body into the row itself: from now on it stands apart.
void move_apart(Transaction& tx, const StoredBody& stored);
/// The copy of a message gets its body, if that stands apart.
void copy_apart(Transaction& tx, const MessageId& from, std::string_view to);

}  // namespace waybill::sqlite
