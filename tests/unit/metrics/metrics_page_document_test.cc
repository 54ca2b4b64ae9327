// docs/metrics.md describes every metric of the page, with its labels, and no other.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "metrics/prometheus/prometheus_metrics.h"

namespace waybill {
namespace {

/// Of each metric its labels, as `state: sending, sent`; empty: none; of several labels with a semicolon between them.
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

/// Of each label its values, both in the order in which they are met.
using Labels = std::vector<std::pair<std::string, std::vector<std::string>>>;

void note(Labels& labels, const std::string& label, const std::string& value) {
  if (label == "le") return;  // a bucket's bound
  auto at = std::find_if(labels.begin(), labels.end(), [&](const auto& one) { return one.first == label; });
  if (at == labels.end()) at = labels.insert(at, {label, {}});
  auto& values = at->second;
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

std::string text_of(const Labels& labels) {
  std::string text;
  for (const auto& [label, values] : labels) {
    text += (text.empty() ? "" : "; ") + label + ": ";
    for (std::size_t i = 0; i < values.size(); ++i) text += (i > 0 ? ", " : "") + values[i];
  }
  return text;
}

Metrics published() {
  LogStats stats;
  stats.rows_by_state.resize(kStateCount);
  PrometheusMetrics all({"VERSION", {}});
  all.watch_relays([] { return std::vector<RelayFigures>{{.relay = "HOST:PORT"}}; });
  std::map<std::string, Labels> found;
  std::istringstream page(all.render(stats));
  std::string name;
  const std::regex pair("([a-z_]+)=\"([^\"]*)\"");
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("# TYPE ")) name = line.substr(7, line.find(' ', 7) - 7);
    if (line.starts_with("#")) continue;
    Labels& labels = found[name];
    for (std::sregex_iterator one(line.begin(), line.end(), pair), end; one != end; ++one) {
      note(labels, (*one)[1], (*one)[2]);
    }
  }
  Metrics metrics;
  for (const auto& [metric, labels] : found) metrics[metric] = text_of(labels);
  return metrics;
}

TEST(MetricsPageDocumentTest, EveryMetricIsDocumentedAndNoOther) {
  const auto in_code = published();
  ASSERT_GT(in_code.size(), 30U);
  EXPECT_EQ(documented(), in_code);
}

}  // namespace
}  // namespace waybill
