#include "app/store.h"

#include <utility>

namespace waybill::app {

Result<Store> open_store(const Config& config, const WallClock& clock, const std::string& instance,
                         const StoreUse& use) {
  Store store;
  auto lock = LockFile::acquire(config.message_log.sqlite_file, instance);
  if (!lock.ok()) return lock.error();
  store.lock = std::move(*lock);
  SqliteOptions options{config.message_log.sqlite_file, clock};
  options.admit = use.admit;
  options.counted = use.counted;
  auto log = SqliteLog::open(options);
  if (!log.ok()) return log.error();
  store.log = std::move(*log);
  auto reader = SqliteReader::open(options);
  if (!reader.ok()) return reader.error();
  store.reader = std::move(*reader);
  return store;
}

}  // namespace waybill::app
