// Splits what a peer sends into AMQP frames. Pure; one thread. Bounded: a frame larger than the negotiated size is
// refused by its head, before any of its bytes are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waybill::rabbitmq {

enum class FrameKind : std::uint8_t { kMethod = 1, kHeader = 2, kBody = 3, kHeartbeat = 8 };

struct Frame {
  FrameKind kind = FrameKind::kHeartbeat;
  std::uint16_t channel = 0;
  std::string_view payload;  ///< valid until the reader is fed or asked again
};

/// Bytes around a frame's payload: kind, channel, size; end.
inline constexpr std::size_t kFrameHead = 7;
inline constexpr std::size_t kFrameOverhead = kFrameHead + 1;
/// What every peer must take; what we take at most, and ask for.
inline constexpr std::size_t kFrameMin = 4'096;
inline constexpr std::size_t kFrameMax = 131'072;

class FrameReader {
 public:
  /// Takes what was received. All complete frames must be read by `next` before it is fed again.
  void feed(std::string_view bytes);
  /// The next complete frame; nothing until more is fed. Errors (kPermanent): what came is not AMQP; the reader is of
  /// no use any more.
  [[nodiscard]] Result<std::optional<Frame>> next();
  /// As negotiated; whole frames. Until then kFrameMin holds.
  void limit(std::size_t frame_max) { frame_max_ = frame_max; }
  /// True while a frame has begun and not ended.
  [[nodiscard]] bool inside_frame() const { return at_ < size(); }

 private:
  [[nodiscard]] std::size_t size() const { return kept_.empty() ? fed_.size() : kept_.size(); }
  [[nodiscard]] std::string_view rest() const { return (kept_.empty() ? fed_ : std::string_view(kept_)).substr(at_); }
  [[nodiscard]] std::optional<Error> refuse_head(std::string_view head) const;

  std::size_t frame_max_ = kFrameMin;
  std::string_view fed_;  // the caller's, while it holds whole frames
  std::string kept_;      // a frame that began earlier, and what followed it
  std::size_t at_ = 0;
};

}  // namespace waybill::rabbitmq
