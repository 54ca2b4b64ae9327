// Those who send: they ask again until they are answered, or insert rows of their own, and know what was promised to
// them. And what the handlers of their messages are to do.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ports/handler.h"
#include "ports/intake.h"
#include "testing/sim_loop.h"
#include "testing/simulator/audit.h"
#include "testing/simulator/plan.h"
#include "testing/simulator/sim_store.h"

namespace waybill::sim {

class Clients {
 public:
  struct World {
    SimNode& loop;
    const SimWallClock& clock;
    SimStore& store;
    Audit& audit;
    std::function<Intake*(int node)> intake;              ///< null while the node is down
    std::function<void(const Row&, bool inserted)> told;  ///< of a row that another program tried to insert
  };
  Clients(const Plan& plan, World world);

  [[nodiscard]] Body body_of(std::size_t index) const;
  /// Sends a message by a node's intake, again and again until there is an answer.
  void submit(std::size_t index);
  /// Inserts it past the port, as another program.
  void insert_row(std::size_t index);
  /// Empty while it is not known.
  [[nodiscard]] const std::string& id_of(std::size_t index) const { return clients_[index].id; }

  // What explains an answer that would else be a lie.
  void clock_stepped_back() { clock_stepped_back_ = true; }
  void rescheduled(const std::string& id) { rescheduled_.insert(id); }

  /// What an attempt's handler is to do, and how long it takes.
  [[nodiscard]] std::pair<Act, Duration> script(const Attempt& attempt);
  /// From now on handlers do what they should.
  void calm() { calm_ = true; }

  /// Those who wait for an answer; `drawn_ids`: also for one that needs an id drawn by the clock.
  [[nodiscard]] std::vector<std::size_t> unanswered(bool drawn_ids) const;

 private:
  struct Client {
    std::optional<WallTime> not_before;
    std::string id;                    // once known
    std::set<std::string> handled_as;  // the ids that its handlers were given
    std::size_t asked = 0;             // how often it was sent
    int starts = 0;                    // of its handler
    bool settled = false;
  };
  void settle(std::size_t index, const Result<AppendAnswer>& answer);
  [[nodiscard]] bool may_conflict(std::size_t index) const;
  [[nodiscard]] bool repeatable(std::size_t index) const {
    return plan_.messages[index].with_key || !plan_.messages[index].id.empty();
  }
  void check_handled(std::size_t index, const Attempt& attempt);

  const Plan& plan_;
  const World world_;
  std::vector<Client> clients_;
  std::set<std::string> rescheduled_;
  bool clock_stepped_back_ = false;
  bool calm_ = false;
};

}  // namespace waybill::sim
