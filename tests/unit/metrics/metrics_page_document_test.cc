// docs/metrics.md describes every metric of the page, with its labels, and no other.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "metrics/prometheus/prometheus_metrics.h"

namespace waybill {
namespace {

/// Of each metric its labels, as `state: sending, sent`; empty: none.
using Metrics = std::map<std::string, std::string>;

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream rest(line);
  for (std::string cell; std::getline(rest, cell, '|');) {
    const auto begin = cell.find_first_not_of(' ');
    cells.push_back(begin == std::string::npos ? "" : cell.substr(begin, cell.find_last_not_of(' ') + 1 - begin));
  }
  return cells;
}

Metrics documented() {
  Metrics metrics;
  std::ifstream document(WAYBILL_METRICS_DOCUMENT);
  for (std::string line; std::getline(document, line);) {
    if (!line.starts_with("| `")) continue;
    const auto cells = cells_of(line);
    EXPECT_EQ(cells.size(), 5U) << line;
    const std::string name = cells.at(1).substr(1, cells.at(1).size() - 2);
    EXPECT_TRUE(metrics.emplace(name, cells.at(2)).second) << name << " is there twice";
  }
  return metrics;
}

// The name a series belongs to, and its label without the bucket's bound.
Metrics published() {
  LogStats stats;
  stats.rows_by_state.resize(kStateCount);
  Metrics metrics;
  std::istringstream page(PrometheusMetrics({"VERSION", {}}).render(stats));
  std::string name;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("# TYPE ")) name = line.substr(7, line.find(' ', 7) - 7);
    if (line.starts_with("#")) continue;
    std::string& labels = metrics[name];
    const auto open = line.find('{');
    const auto equals = line.find("=\"");
    if (open == std::string::npos || line.compare(open, 4, "{le=") == 0) continue;
    labels += labels.empty() ? line.substr(open + 1, equals - open - 1) + ": " : ", ";
    labels += line.substr(equals + 2, line.find('"', equals + 2) - equals - 2);
  }
  return metrics;
}

TEST(MetricsPageDocumentTest, EveryMetricIsDocumentedAndNoOther) {
  const auto in_code = published();
  ASSERT_GT(in_code.size(), 30U);
  EXPECT_EQ(documented(), in_code);
}

}  // namespace
}  // namespace waybill
