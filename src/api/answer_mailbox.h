// Carries answers from the threads that know them to the server's thread. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "api/http_message.h"

namespace waybill::api {

class AnswerMailbox {
 public:
  struct Item {
    std::uint64_t session = 0;
    std::uint64_t ticket = 0;  ///< which request of the session
    HttpResponse response;
  };

  /// `wake` is called under the mailbox's lock when something lies in an empty box, and never after close(): one call
  /// for all that arrive before the next take().
  explicit AnswerMailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void put(Item item);
  /// All that arrived, in order. `items` is emptied first; its memory is kept in use.
  void take(std::vector<Item>& items);
  /// What comes later is dropped.
  void close();

 private:
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<Item> items_;  // guarded by mutex_
  bool closed_ = false;      // guarded by mutex_
};

}  // namespace waybill::api
