// What a benchmark found: named values in an order, as one JSON object for scripts and as a table for people.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bench/statistics.h"

namespace waybill::bench {

class Report {
 public:
  /// Numbers are written with four significant digits at least; a Spread as {p50, p99, max}.
  using Value = std::variant<std::int64_t, double, bool, std::string, Spread, std::map<std::string, std::int64_t>>;

  /// `name` says the unit, if there is one: `latency_ms`. Once a name.
  void add(std::string name, Value value);
  /// What makes the result worthless although there is one: one sentence, fit to show.
  void add_problem(std::string sentence) { problems_.push_back(std::move(sentence)); }

  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
  /// One line, without its end; `problems` only if there are some.
  [[nodiscard]] std::string json() const;
  [[nodiscard]] std::string table() const;

 private:
  std::vector<std::pair<std::string, Value>> values_;
  std::vector<std::string> problems_;
};

}  // namespace waybill::bench
