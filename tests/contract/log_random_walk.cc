#include "tests/contract/log_random_walk.h"

#include <map>
#include <random>
#include <utility>

namespace waybill::contract {
namespace {

constexpr int kCommits = 150;
constexpr int kRows = 12;

class Walk {
 public:
  Walk(LogHarness& h, std::uint64_t seed) : h_(h), random_(seed), name_("seed " + std::to_string(seed)) {}

  void run() {
    for (int step = 0; step < kCommits; ++step) {
      if (chance(0.1)) insert_foreign();
      std::vector<Write> writes;
      for (int i = draw(1, 6); i > 0; --i) writes.push_back(draw_write());
      const auto answers = h_.commit(writes);
      for (std::size_t i = 0; i < writes.size(); ++i) remember(writes[i], answers[i]);
      h_.advance(Duration{draw(1, 3'000)});
      h_.check_statistics(name_ + ", commit " + std::to_string(step));
    }
  }

 private:
  int draw(int least, int most) { return std::uniform_int_distribution(least, most)(random_); }
  bool chance(double p) { return std::bernoulli_distribution(p)(random_); }
  std::string draw_id() { return "m" + std::to_string(draw(1, kRows)); }

  void insert_foreign() {
    const std::string id = draw_id();
    if (!h_.exists(id)) h_.append_foreign(id, draw(0, 3), h_.now());
  }

  Fence fence_of(const std::string& id) {
    const auto known = fences_.find(id);
    return known == fences_.end() ? Fence{{id}, kWorker, 1, {1}} : known->second;
  }

  std::int64_t publish_number_of(const std::string& id) { return h_.exists(id) ? h_.row(id).publish_count : 1; }

  Write draw_append(const std::string& id) {
    Append append = chance(0.4) ? h_.new_external_append(id) : h_.new_append(id);
    append.publish_now = chance(0.7);
    if (chance(0.1)) append.message.not_before = h_.now() + Duration{5'000};
    return append;
  }

  Write draw_claim(const std::string& id) {
    Claim claim = h_.new_claim(id);
    claim.effect_begun = chance(0.5);
    claim.lease = Duration{chance(0.3) ? 1 : 60'000};
    claim.lapse.unknown = chance(0.5) ? UnknownPolicy::kHold : UnknownPolicy::kRetry;
    claim.lapse.crash_limit = draw(1, 5);
    return claim;
  }

  Write draw_finish(const std::string& id) {
    const HandlerOutcome outcomes[] = {Done{"done"},  Done{"done"}, Retry{"busy", {}}, Retry{"no way", {}, false},
                                       Fail{"never"}, Unknown{"?"}};
    Finish finish = h_.new_finish(fence_of(id), outcomes[draw(0, 5)]);
    finish.max_tries = draw(1, 3);
    finish.unknown = chance(0.5) ? UnknownPolicy::kHold : UnknownPolicy::kRetry;
    finish.dead_letter = chance(0.5) ? std::optional(kDeadRoute) : std::nullopt;
    finish.delay = Duration{draw(0, 2'000)};
    return finish;
  }

  Write draw_relay_write(const std::string& id) {
    switch (draw(0, 5)) {
      case 0:
        return MarkFailed{{id}, publish_number_of(id), kBackoff, "no route", std::string(kEventReturned)};
      case 1:
        return Refuse{{id}, "too large"};
      case 2:
        return Lost{chance(0.5) ? std::optional(kMailQueue) : std::nullopt, h_.now(), std::nullopt, 3, "lost"};
      case 3: {
        Take take = h_.new_take();
        take.max_rows = 4;
        if (chance(0.3)) take.sweep = Sweep{};
        return take;
      }
      default:
        return MarkSent{{id}, publish_number_of(id), h_.now()};
    }
  }

  Write draw_peoples_write(const std::string& id) {
    switch (draw(0, 7)) {
      case 0:
        return Cancel{{id}};
      case 1:
        return Reschedule{{id}, h_.now() + Duration{draw(0, 4'000)}};
      case 2:
        return Hold{{id}, "look at it"};
      case 3:
        return Resolve{{id}, chance(0.5)};
      case 4:
        return Replay{{id}, chance(0.5), Duration{draw(0, 1'000)}};
      case 5:
        return Prune{Duration{draw(0, 20'000)}, draw(1, 4)};
      case 6:
        return LapseOwner{{kWorker.instance, {99}}, 2, {}};
      default:
        return Park{h_.message(id), digest_of("body"), kMailQueue, "row gone"};
    }
  }

  Write draw_write() {
    const std::string id = draw_id();
    switch (draw(0, 9)) {
      case 0:
      case 1:
        return draw_append(id);
      case 2:
      case 3:
        return draw_claim(id);
      case 4:
        return draw_finish(id);
      case 5:
        return Release{fence_of(id)};
      case 6:
        return Adopt{h_.message(id), digest_of("body of " + id), h_.new_claim(id)};
      case 7:
        return draw_peoples_write(id);
      default:
        return draw_relay_write(id);
    }
  }

  void remember(const Write& write, const Answer& answer) {
    const auto* claimed = std::get_if<ClaimAnswer>(&answer);
    if (claimed == nullptr || claimed->verdict != ClaimVerdict::kGranted) return;
    const Claim& claim = std::holds_alternative<Adopt>(write) ? std::get<Adopt>(write).claim : std::get<Claim>(write);
    fences_[claim.id.value] = {claim.id, claim.owner, claimed->attempt, claim.token};
  }

  LogHarness& h_;
  std::mt19937_64 random_;
  const std::string name_;
  std::map<std::string, Fence> fences_;  // of the last attempt of each row
};

}  // namespace

void walk_at_random(LogHarness& h, std::uint64_t seed) { Walk(h, seed).run(); }

}  // namespace waybill::contract
