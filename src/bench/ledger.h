// The independent word on a run: which messages were asked for, which were accepted, how often each was handled, and
// when. It knows nothing of the log: a message is recognised by what stands in its body.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "bench/statistics.h"

namespace waybill::bench {

/// Any thread. 24 bytes a message, so that it can be told from the memory of what it watches.
class Ledger {
 public:
  /// A body is at least so long.
  static constexpr std::size_t kBodyMin = 24;
  /// Times are kept in 32 bits of microseconds.
  static constexpr std::chrono::hours kLongest{1};

  /// `run` tells this run's messages from those of other runs in the same store.
  Ledger(std::size_t messages, std::uint32_t run);

  /// Printable text of `size` bytes.
  [[nodiscard]] std::string body_of(std::size_t index, std::size_t size) const;

  void asked(std::size_t index, MonoTime when);
  void accepted(std::size_t index, std::string_view id, MonoTime when);
  /// Nobody knows whether it was accepted.
  void in_doubt(std::size_t index);
  /// Which message it was, if this was the first time; else nothing.
  std::optional<std::size_t> handled(std::string_view body, std::string_view id, MonoTime when);

  [[nodiscard]] std::int64_t handled_count() const { return handled_once_; }

  struct Verdict {
    std::int64_t accepted = 0;
    std::int64_t in_doubt = 0;    ///< of these any number may have been handled
    std::int64_t lost = 0;        ///< accepted and never handled
    std::int64_t duplicates = 0;  ///< handlings beyond the first of their message
    std::int64_t strangers = 0;   ///< handlings of what nobody asked for, or under another id than was answered
  };
  // Once nothing is handled any more.
  [[nodiscard]] Verdict verdict() const;
  // Of the messages from `first` on.
  /// From asked to handled, of all that were.
  [[nodiscard]] Spread latency_ms(std::size_t first = 0) const;
  /// From asked to answered as durable.
  [[nodiscard]] Spread accept_ms(std::size_t first = 0) const;
  [[nodiscard]] double size_mib() const;

 private:
  enum class Standing : std::uint8_t { kUnknown, kAccepted, kInDoubt };
  struct Entry {
    std::atomic<std::uint64_t> id = 0;  // hash of the id that was answered
    std::atomic<std::uint32_t> asked_us = 0;
    std::atomic<std::uint32_t> accepted_us = 0;
    std::atomic<std::uint32_t> handled_us = 0;  // the first time
    std::atomic<std::uint16_t> handled = 0;
    std::atomic<Standing> standing = Standing::kUnknown;
  };
  [[nodiscard]] std::uint32_t since_begin(MonoTime when) const;
  [[nodiscard]] std::optional<std::size_t> index_of(std::string_view body) const;

  const std::string run_;
  const MonoTime begin_;
  std::vector<Entry> entries_;
  std::atomic<std::int64_t> handled_once_ = 0;
  std::atomic<std::int64_t> strangers_ = 0;
};

}  // namespace waybill::bench
