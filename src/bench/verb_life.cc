#include "bench/verb_life.h"

#include <utility>

#include "base/sha256.h"

namespace waybill::bench {
namespace {

const Owner kOwner{"bench", BootNonce{0x123456789abcdefU}};

// As long as real ones.
MessageId id_of(std::int64_t index) { return {std::to_string(300'000'000'000'000'000 + index * 4'096)}; }
Token token_of(std::int64_t index) { return Token{static_cast<std::uint64_t>(index) + 1}; }

template <class Make>
std::vector<Write> batch_of(std::int64_t first, std::int64_t count, Make make) {
  std::vector<Write> writes;
  for (std::int64_t i = first; i < first + count; ++i) writes.emplace_back(make(i));
  return writes;
}

}  // namespace

VerbLife::VerbLife(MessageLog& log, const app::Config& config, std::string body)
    : log_(log), config_(config), body_(std::move(body)), digest_(sha256(body_.bytes())) {}

Status VerbLife::run(std::int64_t first, std::int64_t count) {
  const auto appends = batch_of(first, count, [this](std::int64_t i) { return append_of(i); });
  if (Status committed = commit(appends, times_.append_ms); !committed.ok()) return committed;
  const auto claims = batch_of(first, count, [this](std::int64_t i) { return claim_of(i); });
  if (Status committed = commit(claims, times_.claim_ms); !committed.ok()) return committed;
  const auto ends = batch_of(first, count, [this](std::int64_t i) { return finish_of(i); });
  return commit(ends, times_.finish_ms);
}

Status VerbLife::commit(const std::vector<Write>& writes, std::vector<double>& took_ms) {
  Result<Committed> committed = Committed{};
  const Cost cost = measured([&] { committed = log_.commit(writes); });
  cost_ += cost;
  constexpr double kMillis = 1'000;
  took_ms.push_back(cost.seconds * kMillis);
  if (!committed.ok()) return committed.error();
  for (const auto& answer : committed->answers) {
    const auto* finish = answer.ok() ? std::get_if<FinishAnswer>(&*answer) : nullptr;
    consumed_ += finish != nullptr && finish->kind == FinishAnswer::Kind::kRecorded ? 1 : 0;
  }
  return ok_status();
}

Append VerbLife::append_of(std::int64_t index) const {
  Append append;
  append.message.id = id_of(index);
  append.message.route = config_.mail.route;
  append.message.content_type = "text/plain";
  append.message.body = body_;
  append.digest = digest_;
  append.queue = config_.mail.queue;
  append.publish_now = true;
  append.boot = kOwner.boot;
  append.token = token_of(index);
  append.id_generated = true;
  return append;
}

Claim VerbLife::claim_of(std::int64_t index) const {
  Claim claim;
  claim.id = id_of(index);
  claim.digest = digest_;
  claim.token = token_of(index);
  claim.owner = kOwner;
  claim.queue = config_.mail.queue;
  return claim;
}

Finish VerbLife::finish_of(std::int64_t index) const {
  Finish finish;
  finish.fence = {id_of(index), kOwner, 1, token_of(index)};
  finish.outcome = Done{};
  return finish;
}

}  // namespace waybill::bench
