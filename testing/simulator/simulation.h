// One simulated run: several nodes of the real engine on virtual time, one log that keeps what was committed, one
// broker that misbehaves, handlers that fail, hang and crash their node, clients, strangers and an operator. After the
// faults stop, everything has to end well within bounded virtual time. A run is a function of its seed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/node.h"
#include "ports/log_writes.h"
#include "testing/memory_log/mutations.h"
#include "testing/simulator/coverage.h"

namespace waybill::sim {

/// Faults planted into the system under test, to show that the oracle notices.
struct Planted {
  MemoryLogMutations log;
  EngineFaults engine;
};

struct Verdict {
  std::vector<std::string> violations;
  Coverage coverage;
  std::uint64_t publishes = 0;
  Duration virtual_time{0};
};

/// `on_commit` hears every batch of writes that the log applied, in order, and the store's time (recording).
using CommitWitness = std::function<void(std::span<const Write>, WallTime)>;

[[nodiscard]] Verdict simulate(std::uint64_t seed, const Planted& planted = {}, const CommitWitness& on_commit = {});

}  // namespace waybill::sim
