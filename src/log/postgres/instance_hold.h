// The name of an instance, held exclusively among all that share a PostgreSQL log: by a session lock, which the server
// frees when its holder's connection ends, and by a row that says who holds it and until when it is surely alive.
//
// A thread of its own keeps the row fresh and takes the lock again after the connection was lost.
#pragma once

#include <functional>
#include <memory>

#include "core/names.h"
#include "log/postgres/postgres_options.h"

namespace waybill {

class InstanceHold {
 public:
  /// `on_lost` is called once, from the hold's thread, if somebody else has taken the name while the connection was
  /// lost: end the process. Errors: kConflict (held: the sentence names the holder), kPermanent, kRetry.
  [[nodiscard]] static Result<std::unique_ptr<InstanceHold>> take(const PostgresOptions& options, const Owner& owner,
                                                                  std::function<void(const Error&)> on_lost);
  /// Says that the instance ended in order, and lets the name go.
  ~InstanceHold();

  /// Proven: whoever held the name before is gone, by its own word, by its process, or by its time. Its attempts need
  /// not be waited for.
  [[nodiscard]] bool former_is_dead() const;

 private:
  class Impl;
  explicit InstanceHold(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace waybill
