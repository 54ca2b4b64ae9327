// The independent book of a run: what was promised, what happened, and what must never happen. It trusts no part of the
// engine; it only listens.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ports/message_log.h"
#include "testing/simulator/coverage.h"
#include "testing/simulator/effect_book.h"

namespace waybill::sim {

/// A row in one line, for a person.
[[nodiscard]] std::string describe(const Row& row);

class Audit {
 public:
  // The clients' side.
  void accepted(const MessageId& id) { accepted_.insert(id.value); }

  // The log's side, as it happens.
  void changed(const MessageId& id, std::optional<State> from, Phase phase, Verb verb, State to, Phase to_phase,
               MonoTime now);
  void answered(const Write& write, const Answer& answer, MonoTime now, WallTime store_now);
  /// After a commit: may the row be what it is? `taken`: this very commit took it.
  void row_after_commit(const Row& row, WallTime store_now, bool taken, Duration grace);

  // The broker's side. A publish is named by its message and its number.
  /// The broker took it; `row` is what the log holds of it then.
  void published(const std::string& id, std::int64_t publish_number, const Row* row);
  void returned(const std::string& id, std::int64_t publish_number) { returned_.insert({id, publish_number}); }
  void confirmed(const std::string& id, std::int64_t publish_number) { confirmed_.insert({id, publish_number}); }
  /// A copy was acknowledged while its row was as given.
  void acknowledged(const Row& row, std::int64_t publish_number);

  void violation(std::string what);
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] const std::set<std::string>& accepted() const { return accepted_; }
  [[nodiscard]] EffectBook& effects() { return effects_; }
  [[nodiscard]] Coverage& coverage() { return coverage_; }
  /// A fault happened, as opposed to: was asked for.
  void happened(Fault fault) { ++coverage_.faults[static_cast<std::size_t>(fault)]; }

 private:
  using Publish = std::pair<std::string, std::int64_t>;

  std::set<std::string> accepted_;
  std::set<Publish> published_;
  std::set<Publish> returned_;
  std::set<Publish> confirmed_;
  std::vector<std::string> violations_;
  EffectBook effects_{[this](std::string what) { violation(std::move(what)); }};
  Coverage coverage_;
};

}  // namespace waybill::sim
