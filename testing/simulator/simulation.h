// One simulated run: several nodes of the real engine on virtual time, one log that keeps what was committed, one
// broker that misbehaves, handlers that fail, hang and crash their node, clients, strangers and an operator. After the
// faults stop, everything has to end well within bounded virtual time. A run is a function of its seed.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/node.h"
#include "ports/message_log.h"
#include "testing/memory_log/mutations.h"
#include "testing/simulator/coverage.h"
#include "testing/simulator/lies.h"

namespace waybill::sim {

/// Faults planted into the system under test, to show that the oracle notices.
struct Planted {
  MemoryLogMutations log;
  EngineFaults engine;
  Lies lies;
};

struct Verdict {
  std::vector<std::string> violations;
  Coverage coverage;
  Duration virtual_time{0};
  Duration end{0};  ///< from the last fault until all had ended
};

/// Hears everything that the log was told, in order (recording); it changes nothing of the run.
struct LogWitness {
  /// A batch that the log applied, and its answers, whether or not they reached the node.
  std::function<void(std::span<const Write>, const Committed&)> committed;
  /// A row that another program tried to insert past the port.
  std::function<void(const Row&, WallTime now, bool inserted)> foreign_row;
};

[[nodiscard]] Verdict simulate(std::uint64_t seed, const Planted& planted = {}, const LogWitness& witness = {});

}  // namespace waybill::sim
