// What the memory log tells its observer: the simulator checks transitions and measures coverage by it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/delivery_state.h"
#include "tests/contract/log_harness.h"
#include "tests/contract/memory_log_under_test.h"

namespace waybill::contract {
namespace {

using Changes = std::vector<std::string>;

std::string as_text(std::optional<State> from, Phase from_phase, Verb verb, State to, Phase to_phase) {
  return (from ? show(*from) : "none") + "." + show(from_phase) + " " + std::string(to_string(verb)) + " " + show(to) +
         "." + show(to_phase);
}

/// A memory log that writes down what its observer hears.
LogFactory recording(Changes& changes) {
  return [&changes](WallClock& clock) -> std::unique_ptr<LogUnderTest> {
    auto under_test = std::make_unique<MemoryLogUnderTest>(clock);
    under_test->memory_log().observe(
        [&changes](const MessageId&, std::optional<State> from, Phase from_phase, Verb verb, State to, Phase to_phase) {
          changes.push_back(as_text(from, from_phase, verb, to, to_phase));
        });
    return under_test;
  };
}

TEST(MemoryLogObserver, HearsEachChangeOfALife) {
  Changes changes;
  LogHarness h(recording(changes));
  h.append("m");
  h.mark_sent("m");
  h.finish(h.claim("m"), Done{});
  h.advance(Duration{1});
  h.apply(Prune{Duration{0}, 1});
  EXPECT_EQ(changes, (Changes{"none.absent append sending.unclaimed", "sending.unclaimed mark_sent sent.unclaimed",
                              "sent.unclaimed claim sent.attempt", "sent.attempt finish_done consumed.unclaimed",
                              "consumed.unclaimed prune consumed.absent"}));
}

TEST(MemoryLogObserver, HearsALapseBeforeTheVerbThatMetIt) {
  Changes changes;
  LogHarness h(recording(changes));
  h.append("taken");
  h.append("claimed");
  h.claim("taken");
  h.claim_and_lapse("claimed");
  changes.clear();
  h.claim("claimed");
  only_row(h.apply(h.new_take()));
  EXPECT_EQ(changes, (Changes{"sending.lapsed lapse sending.unclaimed", "sending.unclaimed claim sending.attempt",
                              "sending.lapsed lapse sending.unclaimed", "sending.unclaimed take sending.unclaimed"}));
}

TEST(MemoryLogObserver, HearsNothingOfRefusals) {
  Changes changes;
  LogHarness h(recording(changes));
  h.bring_to("m", State::kConsumed);
  changes.clear();
  h.apply(h.new_append("m"));
  h.apply(Cancel{{"m"}});
  h.apply(h.new_claim("m"));
  EXPECT_EQ(changes, Changes{});
}

TEST(MemoryLogObserver, HearsOnlyWhatTheTableAllowsInTheWholeSuite) {
  std::size_t heard = 0;
  const LogFactory factory = [&heard](WallClock& clock) -> std::unique_ptr<LogUnderTest> {
    auto under_test = std::make_unique<MemoryLogUnderTest>(clock);
    under_test->memory_log().observe([&heard](const MessageId& id, std::optional<State> from, Phase from_phase,
                                              Verb verb, State to, Phase to_phase) {
      ++heard;
      EXPECT_TRUE(is_allowed(from.value_or(State::kSending), from_phase, verb, to, to_phase))
          << id.value << ": " << as_text(from, from_phase, verb, to, to_phase);
    });
    return under_test;
  };
  for (const LogCase& log_case : log_cases()) run_log_case(log_case, factory);
  EXPECT_GT(heard, 1'000U);
}

}  // namespace
}  // namespace waybill::contract
