// Which relay gets the next mail, and which rests: weights, room, rates, and a breaker for each. Pure; one thread.
//
// A relay that cannot be reached, has no trusted TLS or refuses the login is closed for a while that doubles; then one
// mail tries it, and the first that is heard opens it again.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "mail/smtp/rate_limit.h"
#include "mail/smtp/relay_options.h"

namespace waybill::smtp {

struct BreakerOptions {
  Duration first = std::chrono::seconds(2);         ///< pause after a relay could not be reached
  Duration first_login = std::chrono::seconds(30);  ///< after it refused TLS or login: a person must act, and accounts
                                                    ///< that are tried too often get locked
  Duration longest = std::chrono::minutes(5);
};

class RelayDesk {
 public:
  RelayDesk(const std::vector<RelayOptions>& relays, const BreakerOptions& options);

  struct Choice {
    enum class Kind {
      kUse,   ///< `relay`: taken for one mail until release()
      kWait,  ///< all that can be used are busy: ask again at `until`, or when one was released
      kRest,  ///< none can be used before `until`
    };
    Kind kind = Kind::kRest;
    std::size_t relay = 0;
    MonoTime until{};
  };
  /// Leaves out `tried`; if those are all there are, it is kRest until the first of them may be tried again. `chance`
  /// in [0, 1) draws among the weights.
  [[nodiscard]] Choice choose(const std::set<std::size_t>& tried, MonoTime now, double chance);
  void release(std::size_t relay);

  /// It has answered a mail. True if that opened it.
  bool on_heard(std::size_t relay);
  /// It could not be used; `login`: TLS or login. `chance` in [0, 1) jitters. True if it was open until now.
  bool on_failure(std::size_t relay, bool login, MonoTime now, double chance);
  [[nodiscard]] bool closed(std::size_t relay) const { return seats_.at(relay).failures > 0; }
  [[nodiscard]] int taken(std::size_t relay) const { return seats_.at(relay).taken; }

 private:
  struct Seat {
    int weight;
    int room;  // connections that may still be opened
    RateLimit rate;
    int taken = 0;     // by choose, and not released
    int failures = 0;  // in a row; above 0 it is closed
    MonoTime rests_until{};
    bool probing = false;
  };
  [[nodiscard]] static bool usable(const Seat& seat, MonoTime now);
  [[nodiscard]] std::optional<std::size_t> draw(const std::vector<std::size_t>& free, double chance) const;

  const BreakerOptions options_;
  std::vector<Seat> seats_;
};

}  // namespace waybill::smtp
