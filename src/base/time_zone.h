// What the clocks of a place show, for times that were stored without their zone.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace waybill {

class TimeZone {
 public:
  struct Span {
    WallTime from;               ///< what the clock shows at its begin, as if that were UTC
    std::chrono::seconds ahead;  ///< of UTC, from then on
  };

  /// A name of the time zone database (`Europe/Berlin`), `UTC`, or a fixed offset (`+02:00`). For a moment the
  /// process's TZ is another: only while no other thread reads the clock of the place. Errors: kPermanent.
  [[nodiscard]] static Result<TimeZone> find(std::string_view name);

  [[nodiscard]] const std::string& name() const { return name_; }
  /// In their order, from the first that the database knows, to the year 2100; at least one.
  [[nodiscard]] const std::vector<Span>& spans() const { return spans_; }
  /// An hour that the clock shows twice counts as the second of them; one that it leaves out as what it would have
  /// been.
  [[nodiscard]] WallTime to_utc(WallTime shown) const;

 private:
  TimeZone(std::string name, std::vector<Span> spans) : name_(std::move(name)), spans_(std::move(spans)) {}

  std::string name_;
  std::vector<Span> spans_;
};

}  // namespace waybill
