// The independent book of a run: what was promised, what happened, and what must never happen. It trusts no part of the
// engine; it only listens.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "ports/message_log.h"
#include "testing/simulator/coverage.h"

namespace waybill::sim {

/// A row in one line, for a person.
[[nodiscard]] std::string describe(const Row& row);

class Audit {
 public:
  // The clients' side.
  void accepted(const MessageId& id) { accepted_.insert(id.value); }
  void effect(const MessageId& id) { ++effects_[id.value]; }

  // The log's side, as it happens.
  void changed(const MessageId& id, std::optional<State> from, Phase phase, Verb verb, State to, Phase to_phase);
  /// After a commit: may the row be what it is? `taken`: this very commit took it.
  void row_after_commit(const Row& row, WallTime store_now, bool taken, Duration grace);

  // The broker's side.
  void returned(const std::string& id, std::int64_t publish_number) { returned_.insert({id, publish_number}); }
  void mark_sent_applied(const MessageId& id, std::int64_t publish_number);
  /// A copy was acknowledged while its row was as given.
  void acknowledged(const Row& row, std::int64_t publish_number);

  /// At the end of the run, about one row.
  void row_at_end(const Row& row, bool happened_by_operator);

  void violation(std::string what);
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] const std::set<std::string>& accepted() const { return accepted_; }
  [[nodiscard]] bool pruned(const std::string& id) const { return pruned_.contains(id); }
  [[nodiscard]] const std::unordered_map<std::string, int>& effects() const { return effects_; }
  [[nodiscard]] Coverage& coverage() { return coverage_; }

 private:
  std::set<std::string> accepted_;
  std::unordered_map<std::string, int> effects_;
  std::set<std::pair<std::string, std::int64_t>> returned_;
  std::set<std::string> pruned_;
  std::vector<std::string> violations_;
  Coverage coverage_;
};

}  // namespace waybill::sim
