// Which idempotency keys are waiting for an answer, so that a client that repeated itself too early is told so. Any
// thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace waybill::api {

class KeysInFlight : public std::enable_shared_from_this<KeysInFlight> {
 public:
  /// A request with its key; in flight until the last copy of the pointer to it has gone.
  struct Visit {
    Visit(std::shared_ptr<KeysInFlight> keys, std::string key);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

    const std::shared_ptr<KeysInFlight> keys;
    const std::string key;
    bool repeated = false;  ///< another one with this key was in flight already
  };

  [[nodiscard]] std::shared_ptr<const Visit> enter(std::string key);

 private:
  std::mutex mutex_;
  std::map<std::string, int> waiting_;  // guarded by mutex_
};

}  // namespace waybill::api
