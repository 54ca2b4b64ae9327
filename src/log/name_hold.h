// How the name of an instance is held (log/shared_log.h): by a session lock, which the server frees when its holder's
// connection ends, and by a row that says who holds it and until when it is surely alive.
//
// A thread of its own keeps the row fresh and takes the lock again after the connection was lost.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "log/shared_log.h"

namespace waybill {

/// Where the lock and the row are. One thread at a time.
class NameStore {
 public:
  /// How long the row says that its holder is alive, from each time it is written.
  static constexpr Duration kAlive{15'000};

  struct Holder {
    std::string owner;
    std::string host;
    int process = 0;
    WallTime started{};
    bool stopped = false;  ///< it ended in order
    bool expired = false;  ///< the time until which it was surely alive has passed
  };

  virtual ~NameStore() = default;
  /// A new connection, in the place of the one there was.
  [[nodiscard]] virtual Status connect() = 0;
  [[nodiscard]] virtual bool connected() const = 0;
  virtual void disconnect() = 0;
  /// False: another session has the lock.
  [[nodiscard]] virtual Result<bool> lock() = 0;
  [[nodiscard]] virtual Result<std::optional<Holder>> holder() = 0;
  /// Writes the whole row, as of now.
  [[nodiscard]] virtual Status sign(const std::string& host, int process) = 0;
  [[nodiscard]] virtual Status keep_alive() = 0;
  [[nodiscard]] virtual Status leave() = 0;
};

/// Errors: kConflict (held: the sentence names the holder), and the store's.
[[nodiscard]] Result<std::unique_ptr<InstanceHold>> hold_name(std::unique_ptr<NameStore> store, const Owner& owner,
                                                              std::function<void(const Error&)> on_lost);

}  // namespace waybill
