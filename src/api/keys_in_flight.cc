#include "api/keys_in_flight.h"

#include <utility>

namespace waybill::api {

KeysInFlight::Visit::Visit(std::shared_ptr<KeysInFlight> visited, std::string visitor)
    : keys(std::move(visited)), key(std::move(visitor)) {
  const std::lock_guard lock(keys->mutex_);
  repeated = keys->waiting_[key]++ > 0;
}

KeysInFlight::Visit::~Visit() {
  const std::lock_guard lock(keys->mutex_);
  const auto found = keys->waiting_.find(key);
  if (--found->second == 0) keys->waiting_.erase(found);
}

std::shared_ptr<const KeysInFlight::Visit> KeysInFlight::enter(std::string key) {
  return std::make_shared<const Visit>(shared_from_this(), std::move(key));
}

}  // namespace waybill::api
