#include "log/postgres/commit_news.h"

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/fail_stop.h"
#include "log/postgres/connection.h"

namespace waybill::postgres {
namespace {

// What comes within it is heard once, at its end: a flood of notifications costs fifty takes a second.
constexpr Duration kQuiet{20};
// How soon it notices that it is to stop.
constexpr Duration kLook{200};
constexpr Duration kTryAgain{1'000};

class PostgresNews final : public CommitNews {
 public:
  PostgresNews(PostgresOptions options, std::function<void()> on_news)
      : options_(std::move(options)), on_news_(std::move(on_news)) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run_or_abort("commit news", [&] { run(stop); }); });
  }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!db_ && !connect()) {
        rest(stop, kTryAgain);
        continue;
      }
      if (db_->await_notification(kLook)) {
        on_news_();
        rest(stop, kQuiet);
      }
      if (!db_->alive()) db_.reset();
    }
  }

  bool connect() {
    auto opened = Connection::open(options_);
    if (!opened.ok()) return false;  // the log itself tells why
    (*opened)->script(
        "LISTEN waybill; SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3");
    if ((*opened)->take_failure()) return false;
    db_ = std::move(*opened);
    on_news_();  // what was told before is not told again
    return true;
  }

  void rest(const std::stop_token& stop, Duration time) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, time, [] { return false; });
  }

  const PostgresOptions options_;
  const std::function<void()> on_news_;
  std::unique_ptr<Connection> db_;  // of the thread
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace

std::unique_ptr<CommitNews> hear_news(PostgresOptions options, std::function<void()> on_news) {
  return std::make_unique<PostgresNews>(std::move(options), std::move(on_news));
}

}  // namespace waybill::postgres
