// The exchanges, queues and bindings of a configuration: what they are, on the broker, and beside what the broker has.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"

namespace waybill::app {

/// For a person, in columns.
struct TopologyLine {
  std::string kind;  ///< exchange, queue, binding, policy
  std::string name;
  std::string detail;
};

/// What the configuration declares on a broker that is not in this process.
[[nodiscard]] std::vector<TopologyLine> topology_lines(const Config& config);
/// `{"exchanges":[{"name","type","durable"}],"queues":[{"name","type","durable","dead_letter"}],"bindings":[…]}`
[[nodiscard]] std::string topology_as_json(const Config& config);

/// Waits for the broker. Errors: kConflict (something exists and differs), kNotFound, kRetry (nobody answers),
/// kPermanent (login, vhost, rights).
[[nodiscard]] Status declare_topology(const Config& config);

struct TopologyComparison {
  struct Line {
    std::string standing;  ///< `same`, `missing`, `differs` or `unknown`
    TopologyLine thing;
  };
  std::vector<Line> lines;
  [[nodiscard]] bool same() const;  ///< as far as it is known
};

/// Waits for the broker and changes nothing. Errors: kRetry, kPermanent.
[[nodiscard]] Result<TopologyComparison> compare_topology(const Config& config);
/// `{"same","things":[{"standing","kind","name","detail"}]}`
[[nodiscard]] std::string comparison_as_json(const TopologyComparison& comparison);

}  // namespace waybill::app
