#include "app/store.h"

#include <utility>

#include "app/shared_logs.h"
#include "base/log.h"
#include "log/sqlite/sqlite_log.h"
#include "log/sqlite/sqlite_reader.h"

namespace waybill::app {
namespace {

Result<Store> open_file(const Config& config, const WallClock& clock, const Owner& owner, const StoreUse& use) {
  Store store;
  auto lock = LockFile::acquire(config.message_log.sqlite_file, owner.instance);
  if (!lock.ok()) return lock.error();
  store.lock = std::move(*lock);
  store.former_boot_is_dead = true;  // the lock is the proof
  SqliteOptions options{config.message_log.sqlite_file, clock};
  options.admit = use.admit;
  options.counted = use.counted;
  auto log = SqliteLog::open(options);
  if (!log.ok()) return log.error();
  store.boot_number = (*log)->boot_number();
  if (!(*log)->was_checked()) {
    store.check = [file = log->get()](std::stop_token stop) { return file->check(std::move(stop)); };
  }
  store.log = std::move(*log);
  auto reader = SqliteReader::open(options);
  if (!reader.ok()) return reader.error();
  store.reader = std::move(*reader);
  return store;
}

Result<Store> open_shared(const Config& config, const Owner& owner, const StoreUse& use) {
  Store store;
  const SharedLogKind& kind = kind_of(config.message_log);
  SharedLogOptions options = shared_log_options(config.message_log);
  options.admit = use.admit;
  options.counted = false;  // it counts once the name is held
  if (use.counted) options.patience = kHotPatience;
  auto log = kind.open(options);
  if (!log.ok()) return log.error();
  if (!(*log)->warning().empty()) log_event(LogLevel::kWarning, "log", (*log)->warning());
  if (use.counted) {
    auto hold = kind.hold_name(options, owner, use.on_lost);
    if (!hold.ok()) return hold.error();
    store.hold = std::move(*hold);
    store.former_boot_is_dead = store.hold->former_is_dead();
    if (Status counted = (*log)->count_boot(); !counted.ok()) return counted.error();
  }
  store.boot_number = (*log)->boot_number();
  store.log = std::move(*log);
  if (use.counted) {
    SharedLogOptions slow = shared_log_options(config.message_log);
    slow.counted = false;
    slow.patience = kSlowPatience;
    auto slow_log = kind.open(slow);
    if (!slow_log.ok()) return slow_log.error();
    store.slow_log = std::move(*slow_log);
  }
  auto reader = kind.open_reader(options);
  if (!reader.ok()) return reader.error();
  store.reader = std::move(*reader);
  return store;
}

}  // namespace

Result<Store> open_store(const Config& config, const WallClock& clock, const Owner& owner, const StoreUse& use) {
  return config.message_log.shared() ? open_shared(config, owner, use) : open_file(config, clock, owner, use);
}

std::string place_of(const MessageLogConfig& log) {
  return log.shared() ? kind_of(log).mask_url(log.shared_url) : log.sqlite_file;
}

}  // namespace waybill::app
