#include "cli/patience.h"

#include <algorithm>

namespace waybill::cli {
namespace {

constexpr std::chrono::seconds kPauseMax{30};

bool is_served(const Result<HttpReply>& reply) {
  if (reply.ok()) return reply->status != 503 && reply->status != 408;
  // Unreachable, or no answer; anything else would only be the same again.
  return reply.error().what != ErrorClass::kRetry && reply.error().what != ErrorClass::kInDoubt;
}

}  // namespace

bool Patience::is_final(const Result<HttpReply>& reply) const {
  if (is_served(reply)) return true;
  return repeats_ == Repeats::kWhatDidNotHappen && Client::is_in_doubt(reply);
}

bool Patience::wait(const Result<HttpReply>& reply) {
  if (--left_ <= 0) return false;
  std::chrono::seconds time{1};
  if (reply.ok() && reply->retry_after) time = std::min(*reply->retry_after, kPauseMax);
  return pause_(time);
}

Result<HttpReply> Patience::send(const Client& client, const HttpRequest& request) {
  auto reply = client.send(request);
  while (!is_final(reply) && wait(reply)) reply = client.send(request);
  return reply;
}

}  // namespace waybill::cli
