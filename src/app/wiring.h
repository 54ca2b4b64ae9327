// One instance with its HTTP interface: built out of a configuration, started, and taken down again in the right order.
// Its parts are instance_parts.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "app/config.h"
#include "base/result.h"
#include "base/time.h"

namespace waybill::app {

/// One thread at a time.
class Wiring {
 public:
  /// Takes the data (lock, boot number), opens the log and builds all parts; nothing is accepted or handled yet.
  /// `on_broken` is called, once and from a thread of the log's, if the log cannot be used any more: end the process.
  /// Errors: kConflict (another instance holds the data), kPermanent, kRetry; one sentence each.
  [[nodiscard]] static Result<std::unique_ptr<Wiring>> build(const Config& config,
                                                             std::function<void(const Error&)> on_broken);
  ~Wiring();

  /// Starts everything. Errors: as `build`; what was started stands and wants a `stop`.
  [[nodiscard]] Status start();
  /// After start.
  [[nodiscard]] std::uint16_t port() const;

  struct Stopped {
    bool handlers_ended = true;                ///< the wiring may be destroyed; else end the process without that
    std::optional<std::size_t> left_to_lapse;  ///< attempts; none: not known, since the engine did not answer
  };
  /// Accepts nothing more, lets what has begun finish until `deadline`, gives back what has not.
  [[nodiscard]] Stopped stop(MonoTime deadline);

 private:
  struct Parts;
  explicit Wiring(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace waybill::app
