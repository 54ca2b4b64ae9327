// A table `msg_log` of the classic system, with its nine columns, as `waybill migrate adopt` meets it in a shared
// store: what each store has to do for it. What is done in which order, and with which rows, is decided in
// log/adoption.h.
//
// The table is renamed to `msg_log_classic`, and a new `msg_log` stands in its place at the same moment, so that other
// programs go on inserting; then the rows move, a batch a transaction. While they do, a table `msg_log_adoption` says
// on which terms, and keeps instances from serving: they would take a message that has not moved for a new one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/time_zone.h"
#include "core/names.h"

namespace waybill {

struct AdoptTerms {
  TimeZone zone;                           ///< of the table's times that have none
  std::optional<Duration> sent_is_done{};  ///< rows that have been `sent` for so long count as consumed; none: never
};

struct ClassicColumn {
  enum class Kind {
    kText,
    kInteger,
    kTime,     ///< without a zone
    kInstant,  ///< with one, or in UTC by itself
    kOther,
  };
  std::string name;
  std::string type;  ///< as the store writes it
  Kind kind = Kind::kOther;
};

struct ClassicLook {
  std::vector<ClassicColumn> log;      ///< of `msg_log`; empty: there is none
  std::vector<ClassicColumn> classic;  ///< of `msg_log_classic`; likewise
  bool log_is_ours = false;            ///< `msg_log` has the schema of this program
  std::string trouble;                 ///< why a table of these columns cannot be adopted all the same: "… is a view"
  std::string in_the_way;              ///< a table of another program that has one of the names the log needs
  WallTime store_now{};

  struct Begun {
    std::string zone;
    std::optional<Duration> sent_is_done;
    WallTime at{};
  };
  std::optional<Begun> begun;  ///< an adoption that has not ended

  [[nodiscard]] bool exchanged() const { return log_is_ours && !classic.empty(); }
};

struct ClassicCount {
  std::optional<std::int64_t> status;  ///< as it is stored, whatever that is
  std::int64_t rows = 0;
  std::int64_t old = 0;  ///< last changed before the time that was asked for
};

/// What is looked at before a row moves.
struct ClassicRow {
  std::string key;  ///< its id, as the store compares it
  std::string id;   ///< as the new table will have it
  std::optional<std::int64_t> status;
  Route route;
  std::int64_t bytes = 0;
  bool has_route = false;
  bool is_taken = false;  ///< the new table has a message of this id
};

struct ClassicMoved {
  std::int64_t consumed = 0;
  std::int64_t held = 0;
};

/// One connection; one thread. Errors: kRetry (unreachable, or a row or table is locked), kPermanent.
class ClassicTable {
 public:
  virtual ~ClassicTable() = default;

  [[nodiscard]] virtual Result<ClassicLook> look() = 0;
  /// By status, of the table that has the rows: `msg_log_classic` once it is renamed.
  [[nodiscard]] virtual Result<std::vector<ClassicCount>> count(bool renamed, WallTime old) = 0;
  /// False: another process adopts. Held until this is destroyed.
  [[nodiscard]] virtual Result<bool> lock() = 0;
  /// Who serves the log; empty: nobody.
  [[nodiscard]] virtual Result<std::string> serving() = 0;
  /// Renames the table and puts a new one in its place, at one moment.
  [[nodiscard]] virtual Status exchange() = 0;
  /// Writes down that an adoption goes on, if that is not written yet.
  [[nodiscard]] virtual Status begin() = 0;
  /// Takes that back.
  [[nodiscard]] virtual Status forget() = 0;
  /// The next rows by their key.
  [[nodiscard]] virtual Result<std::vector<ClassicRow>> next(const std::optional<std::string>& after, int limit) = 0;
  /// Moves these, in one transaction; whose `sent` is older than `done_before` counts as consumed. Fewer than asked
  /// for: the others were changed, or taken, meanwhile.
  [[nodiscard]] virtual Result<ClassicMoved> move(const std::vector<std::string>& keys,
                                                  std::optional<WallTime> done_before) = 0;
  /// What became of these, which have left the classic table.
  [[nodiscard]] virtual Result<ClassicMoved> moved(const std::vector<std::string>& keys) = 0;
  /// Takes back what `begin` wrote, and removes the classic table if it is empty: true if it is gone. May be repeated.
  [[nodiscard]] virtual Result<bool> end() = 0;
};

inline constexpr char kClassicTable[] = "msg_log_classic";
inline constexpr char kAdoptionTable[] = "msg_log_adoption";
inline constexpr char kAdoptionGoesOn[] =
    "the rows of a classic table are being adopted, and until that has ended nobody may serve the log; run `waybill "
    "migrate adopt` to its end";

[[nodiscard]] std::string name_is_needed(const std::string& table);

/// The offset from UTC, in seconds, of a column's value: an expression that every store understands.
[[nodiscard]] std::string seconds_ahead(const std::string& column, const TimeZone& zone);

/// In the row, and in its history.
[[nodiscard]] std::string adopted_as_held(std::int64_t status);
inline constexpr char kAdoptedAsDone[] =
    "adopted from a classic table, where it was sent (1), and old enough to count as "
    "consumed";

}  // namespace waybill
