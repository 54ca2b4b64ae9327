#include "bench/report.h"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace waybill::bench {
namespace {

template <class... Ts>
struct Overload : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overload(Ts...) -> Overload<Ts...>;

std::string number(double value) {
  if (!std::isfinite(value)) return "null";
  const int decimals = std::abs(value) >= 1'000 ? 0 : std::abs(value) >= 10 ? 2 : 4;
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string quoted(const std::string& text) { return boost::json::serialize(boost::json::string(text)); }

std::string json_of(const Report::Value& value) {
  return std::visit(Overload{
                        [](std::int64_t count) { return std::to_string(count); },
                        [](double measured) { return number(measured); },
                        [](bool truth) { return std::string(truth ? "true" : "false"); },
                        [](const std::string& text) { return quoted(text); },
                        [](const Spread& spread) {
                          return "{\"p50\":" + number(spread.p50) + ",\"p99\":" + number(spread.p99) +
                                 ",\"max\":" + number(spread.max) + "}";
                        },
                        [](const std::map<std::string, std::int64_t>& counts) {
                          std::string text;
                          for (const auto& [name, count] : counts) {
                            text += (text.empty() ? "" : ",") + quoted(name) + ":" + std::to_string(count);
                          }
                          return "{" + text + "}";
                        },
                    },
                    value);
}

std::string text_of(const Report::Value& value) {
  return std::visit(Overload{
                        [](std::int64_t count) { return std::to_string(count); },
                        [](double measured) { return number(measured); },
                        [](bool truth) { return std::string(truth ? "yes" : "no"); },
                        [](const std::string& text) { return text; },
                        [](const Spread& spread) {
                          return "p50 " + number(spread.p50) + "  p99 " + number(spread.p99) + "  max " +
                                 number(spread.max);
                        },
                        [](const std::map<std::string, std::int64_t>& counts) {
                          std::string text;
                          for (const auto& [name, count] : counts) {
                            text += (text.empty() ? "" : "  ") + name + " " + std::to_string(count);
                          }
                          return text.empty() ? std::string("none") : text;
                        },
                    },
                    value);
}

}  // namespace

void Report::add(std::string name, Value value) { values_.emplace_back(std::move(name), std::move(value)); }

std::string Report::json() const {
  std::string members;
  for (const auto& [name, value] : values_) {
    members += (members.empty() ? "" : ",") + quoted(name) + ":" + json_of(value);
  }
  if (problems_.empty()) return "{" + members + "}";
  std::string sentences;
  for (const auto& sentence : problems_) sentences += (sentences.empty() ? "" : ",") + quoted(sentence);
  return "{" + members + ",\"problems\":[" + sentences + "]}";
}

std::string Report::table() const {
  std::size_t width = 0;
  for (const auto& [name, _] : values_) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, value] : values_) {
    text += name + std::string(width - name.size() + 2, ' ') + text_of(value) + "\n";
  }
  return text;
}

}  // namespace waybill::bench
