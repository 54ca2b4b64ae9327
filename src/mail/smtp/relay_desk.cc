#include "mail/smtp/relay_desk.h"

#include <algorithm>

namespace waybill::smtp {
namespace {

constexpr int kDoublingsMax = 20;
constexpr Duration kLook(1'000);  // a busy relay is asked again at least so often

}  // namespace

RelayDesk::RelayDesk(const std::vector<RelayOptions>& relays, const BreakerOptions& options) : options_(options) {
  for (const auto& relay : relays) {
    seats_.push_back({relay.weight, relay.connections_max, RateLimit(relay.mails_per_second)});
  }
}

// A closed relay is, when its rest is over, for one mail at a time.
bool RelayDesk::usable(const Seat& seat, MonoTime now) {
  return seat.failures == 0 || (!seat.probing && now >= seat.rests_until);
}

RelayDesk::Choice RelayDesk::choose(const std::set<std::size_t>& tried, MonoTime now, double chance) {
  std::vector<std::size_t> free;
  Choice wait{Choice::Kind::kWait, 0, now + kLook};
  Choice rest{Choice::Kind::kRest, 0, MonoTime::max()};
  bool busy = false;
  for (std::size_t at = 0; at < seats_.size(); ++at) {
    const Seat& seat = seats_[at];
    if (tried.contains(at) || !usable(seat, now)) {
      rest.until = std::min(rest.until, std::max(seat.rests_until, now + kLook));
      continue;
    }
    if (seat.room > 0 && seat.rate.next() <= now) {
      free.push_back(at);
      continue;
    }
    busy = true;
    if (seat.room > 0) wait.until = std::min(wait.until, seat.rate.next());
  }
  const auto drawn = draw(free, chance);
  if (!drawn) return busy ? wait : rest;
  Seat& seat = seats_[*drawn];
  --seat.room;
  ++seat.taken;
  seat.rate.take(now);
  seat.probing = seat.failures > 0;
  return {Choice::Kind::kUse, *drawn, now};
}

std::optional<std::size_t> RelayDesk::draw(const std::vector<std::size_t>& free, double chance) const {
  if (free.empty()) return std::nullopt;
  double all = 0;
  for (const auto relay : free) all += seats_[relay].weight;
  double left = chance * all;
  for (const auto relay : free) {
    left -= seats_[relay].weight;
    if (left < 0) return relay;
  }
  return free.front();  // those that only stand by
}

void RelayDesk::release(std::size_t relay) {
  ++seats_.at(relay).room;
  --seats_.at(relay).taken;
  seats_.at(relay).probing = false;
}

bool RelayDesk::on_heard(std::size_t relay) { return std::exchange(seats_.at(relay).failures, 0) > 0; }

bool RelayDesk::on_failure(std::size_t relay, bool login, MonoTime now, double chance) {
  Seat& seat = seats_.at(relay);
  // Those that were under way when it closed tell nothing new.
  if (seat.failures > 0 && now < seat.rests_until) return false;
  auto rest = login ? options_.first_login : options_.first;
  for (int i = 0; i < std::min(seat.failures, kDoublingsMax) && rest < options_.longest; ++i) rest *= 2;
  rest = std::min(rest, options_.longest);
  const auto jittered = std::chrono::duration<double, std::milli>(static_cast<double>(rest.count()) * (1 - chance / 5));
  seat.rests_until = now + std::chrono::duration_cast<Duration>(jittered);
  return ++seat.failures == 1;
}

}  // namespace waybill::smtp
