// A message log in a database on a server, which any number of Waybill processes and other programs share. Each kind of
// server is one SharedLogKind; the composition root knows them all, and everything else asks the kind of a URL.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "core/names.h"
#include "log/classic_table.h"
#include "log/lock_patience.h"
#include "log/scale_aid.h"
#include "ports/message_log.h"

namespace waybill {

struct SharedLogOptions {
  std::string url;       ///< sound; never logged whole
  std::string password;  ///< in the place of the URL's; empty: that one
  /// Asked of a log that exists before anything is written to it, with what it says of itself and the number that this
  /// opening would have. An error refuses the opening and leaves the log as it was. None: every log will do.
  std::function<Status(const std::string& identity, std::int64_t boot_number)> admit = {};
  bool counted = true;  ///< this opening is a boot; false: only to look at it, or to do what a person asks
  LockPatience patience = {};
};

class SharedLog : public MessageLog {
 public:
  /// Makes this opening a boot, if it was not `counted`: for whoever first had to hold the name of its instance.
  [[nodiscard]] virtual Status count_boot() = 0;
  /// How many times this log has been opened for writing: it never falls, unless an older copy was restored.
  [[nodiscard]] virtual std::int64_t boot_number() const = 0;
  /// What a person should know of the server; empty if all is well.
  [[nodiscard]] virtual const std::string& warning() const = 0;
};

/// The name of an instance, held exclusively among all that share a log, until it is destroyed.
class InstanceHold {
 public:
  virtual ~InstanceHold() = default;
  /// Proven: whoever held the name before is gone, by its own word, by its process, or by its time. Its attempts need
  /// not be waited for.
  [[nodiscard]] virtual bool former_is_dead() const = 0;
};

/// Hears of commits that other programs tell about, until it is destroyed.
class CommitNews {
 public:
  virtual ~CommitNews() = default;
};

struct LogMigration {
  int number = 0;
  std::string name;
  bool applied = false;
};

/// What a person may want to know of a log and its server before, or while, instances serve it.
struct SharedLogFacts {
  std::string server;                    ///< its name and version
  std::vector<LogMigration> migrations;  ///< all that this program knows
  bool has_log = false;
  /// Whether a commit is safe from a crash: what is so, and what to do if it is not.
  enum class Durability { kSafe, kDoubtful, kUnsafe } durability = Durability::kSafe;
  std::string durability_is;
  std::string durability_advice;
  bool read_only = false;
  bool may_write = false;    ///< the rights that an instance needs on the tables there are
  std::string write_advice;  ///< how an administrator gives them
  bool tls = false;
  std::string tls_advice;  ///< how the URL asks for it
  Duration clock_ahead{};  ///< the server's clock before this machine's
  int connections_left = 0;
  std::string connections_advice;
};

/// A database of one's own on a server, for benchmarks: made empty, removed when destroyed.
class OwnDatabase {
 public:
  virtual ~OwnDatabase() = default;
  [[nodiscard]] virtual const std::string& url() const = 0;
};

class SharedLogKind {
 public:
  virtual ~SharedLogKind() = default;

  /// The bare word that means the server which `variable` of the environment names.
  [[nodiscard]] virtual std::string_view word() const = 0;
  [[nodiscard]] virtual const char* variable() const = 0;
  /// What a URL looks like, for people.
  [[nodiscard]] virtual std::string_view form() const = 0;
  [[nodiscard]] virtual bool is_url(std::string_view text) const = 0;
  /// Errors: kPermanent, what is not understood of it.
  [[nodiscard]] virtual Status check_url(const std::string& url) const = 0;
  /// For people: without its passwords.
  [[nodiscard]] virtual std::string mask_url(std::string_view url) const = 0;

  // Errors of all that follow: kPermanent (one sentence that says what to do), kRetry (unreachable).
  [[nodiscard]] virtual Result<std::unique_ptr<SharedLog>> open(const SharedLogOptions& options) const = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<MessageReader>> open_reader(const SharedLogOptions& options) const = 0;
  /// `on_lost` is called once, from the hold's thread, if somebody else has taken the name while the connection was
  /// lost: end the process. Errors: also kConflict (held: the sentence names the holder).
  [[nodiscard]] virtual Result<std::unique_ptr<InstanceHold>> hold_name(
      const SharedLogOptions& options, const Owner& owner, std::function<void(const Error&)> on_lost) const = 0;
  /// Whether programs can tell that they have committed something (`NOTIFY waybill`).
  [[nodiscard]] virtual bool has_commit_news() const = 0;
  /// From now on `on_news` is called, from a thread of its own, when somebody has told so, at most every 20 ms, and
  /// when something may have been missed. It connects by itself, again and again. Null without has_commit_news.
  [[nodiscard]] virtual std::unique_ptr<CommitNews> hear_news(const SharedLogOptions& options,
                                                              std::function<void()> on_news) const = 0;
  /// Reads alone.
  [[nodiscard]] virtual Result<SharedLogFacts> inspect(const SharedLogOptions& options) const = 0;
  /// Applies what is missing, with rows or without; safe beside others that do the same.
  [[nodiscard]] virtual Status migrate(const SharedLogOptions& options) const = 0;
  /// For `waybill migrate adopt`; nothing is changed yet.
  [[nodiscard]] virtual Result<std::unique_ptr<ClassicTable>> open_classic(const SharedLogOptions& options,
                                                                           const AdoptTerms& terms) const = 0;
  /// For benchmarks of a large log.
  [[nodiscard]] virtual Result<std::unique_ptr<ScaleAid>> scale_aid(const SharedLogOptions& options) const = 0;
  /// Named `prefix` with a random part.
  [[nodiscard]] virtual Result<std::unique_ptr<OwnDatabase>> make_database(const SharedLogOptions& server,
                                                                           const std::string& prefix) const = 0;
  /// Bytes of its own log that the server has written so far; none if that cannot be told.
  [[nodiscard]] virtual std::optional<std::int64_t> wal_bytes(const SharedLogOptions& server) const = 0;
  /// Statements that this process has sent so far to servers of this kind.
  [[nodiscard]] virtual std::int64_t statements() const = 0;
};

}  // namespace waybill
