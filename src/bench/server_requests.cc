#include "bench/server_requests.h"

#include <boost/json/parse.hpp>

#include <chrono>

#include "bench/loopback.h"

namespace waybill::bench {
namespace {

constexpr std::chrono::seconds kAnswerMax{10};

}  // namespace

std::string token_of(const app::Config& config) { return config.http.tokens.empty() ? "" : config.http.tokens.front(); }

std::string post(const std::string& target, const std::string& body, const std::string& token) {
  return "POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
         authorization(token) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

Result<RowCounts> rows_by_state(const ServerProcess& server, const std::string& token) {
  const auto deadline = std::chrono::steady_clock::now() + kAnswerMax;
  const auto answer = http_get(server.port(), "/v1/stats", token, deadline);
  if (!answer.ok()) return answer.error();
  boost::json::error_code error;
  const auto stats = boost::json::parse(*answer, error);
  const auto* states = error ? nullptr : stats.as_object().if_contains("states");
  if (states == nullptr || !states->is_object()) {
    return make_error(ErrorClass::kRetry, "the server's statistics cannot be read");
  }
  RowCounts rows;
  for (const auto& [name, count] : states->as_object()) rows[name] = count.to_number<std::int64_t>();
  return rows;
}

std::int64_t sum_of(const RowCounts& rows) {
  std::int64_t sum = 0;
  for (const auto& [_, count] : rows) sum += count;
  return sum;
}

}  // namespace waybill::bench
