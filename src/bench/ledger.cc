#include "bench/ledger.h"

#include <charconv>
#include <cstdio>
#include <functional>

namespace waybill::bench {
namespace {

constexpr std::size_t kRunDigits = 8;
constexpr std::size_t kIndexDigits = 12;
constexpr double kMicrosPerMilli = 1'000;

std::uint64_t hash_of(std::string_view id) { return std::hash<std::string_view>()(id); }

}  // namespace

static_assert(Ledger::kBodyMin > kRunDigits + 1 + kIndexDigits);

Ledger::Ledger(std::size_t messages, std::uint32_t run)
    : run_([run] {
        char text[kRunDigits + 1];
        std::snprintf(text, sizeof text, "%08x", run);
        return std::string(text);
      }()),
      begin_(std::chrono::steady_clock::now()),
      entries_(messages) {}

std::string Ledger::body_of(std::size_t index, std::size_t size) const {
  char head[kBodyMin + 1];
  std::snprintf(head, sizeof head, "%s %012zu ", run_.c_str(), index);
  std::string body(head);
  body.resize(size, '.');
  return body;
}

std::optional<std::size_t> Ledger::index_of(std::string_view body) const {
  if (body.size() < kBodyMin || !body.starts_with(run_)) return std::nullopt;
  const char* const begin = body.data() + kRunDigits + 1;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(begin, begin + kIndexDigits, index);
  if (error != std::errc() || end != begin + kIndexDigits || index >= entries_.size()) return std::nullopt;
  return index;
}

std::uint32_t Ledger::since_begin(MonoTime when) const {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(when - begin_).count());
}

void Ledger::asked(std::size_t index, MonoTime when) { entries_[index].asked_us = since_begin(when); }

void Ledger::accepted(std::size_t index, std::string_view id, MonoTime when) {
  Entry& entry = entries_[index];
  entry.accepted_us = since_begin(when);
  entry.id = hash_of(id);
  entry.standing = Standing::kAccepted;
}

void Ledger::in_doubt(std::size_t index) { entries_[index].standing = Standing::kInDoubt; }

std::optional<std::size_t> Ledger::handled(std::string_view body, std::string_view id, MonoTime when) {
  const auto index = index_of(body);
  if (!index) {
    ++strangers_;
    return std::nullopt;
  }
  Entry& entry = entries_[*index];
  // A message is published, and so handled, only after its answer (engine/intake_service.h).
  if (entry.standing == Standing::kAccepted && entry.id != hash_of(id)) ++strangers_;
  if (entry.handled.fetch_add(1) > 0) return std::nullopt;
  entry.handled_us = since_begin(when);
  ++handled_once_;
  return index;
}

Ledger::Verdict Ledger::verdict() const {
  Verdict verdict;
  verdict.strangers = strangers_;
  for (const Entry& entry : entries_) {
    const std::int64_t times = entry.handled;
    const bool accepted = entry.standing == Standing::kAccepted;
    verdict.accepted += accepted ? 1 : 0;
    verdict.in_doubt += entry.standing == Standing::kInDoubt ? 1 : 0;
    verdict.lost += accepted && times == 0 ? 1 : 0;
    verdict.duplicates += times > 1 ? times - 1 : 0;
    verdict.strangers += entry.standing == Standing::kUnknown && times > 0 ? 1 : 0;
  }
  return verdict;
}

Spread Ledger::latency_ms(std::size_t first) const {
  std::vector<double> took;
  for (std::size_t i = first; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.handled > 0) took.push_back((entry.handled_us - entry.asked_us) / kMicrosPerMilli);
  }
  return spread_of(std::move(took));
}

Spread Ledger::accept_ms(std::size_t first) const {
  std::vector<double> took;
  for (std::size_t i = first; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.standing == Standing::kAccepted) took.push_back((entry.accepted_us - entry.asked_us) / kMicrosPerMilli);
  }
  return spread_of(std::move(took));
}

double Ledger::size_mib() const {
  constexpr double kMiB = 1 << 20;
  return static_cast<double>(entries_.size() * sizeof(Entry)) / kMiB;
}

}  // namespace waybill::bench
