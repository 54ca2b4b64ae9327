#include "log/sqlite/wal_gathering.h"

#include <sqlite3.h>

#include <cstdint>
#include <new>
#include <string>

namespace waybill::sqlite {
namespace {

/// SQLite's own file system writes less than 128 KiB at once: of a larger size it looks at the low bits alone.
constexpr std::size_t kGatheredMax = 124U << 10U;

/// What the one log of a connection does not hold yet.
struct Gathered {
  sqlite3_file* log = nullptr;  // the real one, while it is open
  sqlite3_int64 begin = 0;      // where the bytes are to be written
  std::string bytes;
  int failed = SQLITE_OK;  // a write, since the writers' lock was taken

  [[nodiscard]] sqlite3_int64 end() const { return begin + static_cast<sqlite3_int64>(bytes.size()); }

  // SQLite takes a page that it has written for written, and its transaction for sound until it is told otherwise: none
  // that lacks a page may be committed, whoever was told first.
  int write_out() {
    if (failed != SQLITE_OK || bytes.empty()) return failed;
    failed = log->pMethods->xWrite(log, bytes.data(), static_cast<int>(bytes.size()), begin);
    bytes.clear();
    return failed;
  }
  void forget() {
    bytes.clear();
    failed = SQLITE_OK;
  }
};

// ---- the log --------------------------------------------------------------------------------------------------------

/// As SQLite sees it. The real file stands behind it in the same memory.
struct File {
  sqlite3_file base;  // first, for SQLite
  Gathered* gathered;

  [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

// One write is a page at the most, of 64 KiB.
int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  Gathered& gathered = *of(file).gathered;
  if (gathered.failed != SQLITE_OK) return gathered.failed;
  const auto more = static_cast<std::size_t>(size);
  if (offset != gathered.end() || gathered.bytes.size() + more > kGatheredMax) {
    if (const int code = gathered.write_out(); code != SQLITE_OK) return code;
    gathered.begin = offset;
  }
  gathered.bytes.append(static_cast<const char*>(bytes), more);
  return SQLITE_OK;
}

/// The real file's method, once what was gathered is written.
template <auto kMethod, class... Args>
int after_writing(sqlite3_file* file, Args... args) {
  File& log = of(file);
  if (const int code = log.gathered->write_out(); code != SQLITE_OK) return code;
  return (log.real()->pMethods->*kMethod)(log.real(), args...);
}

int close(sqlite3_file* file) {
  File& log = of(file);
  // What no sync has followed was never committed, and another writer may stand there by now.
  log.gathered->forget();
  log.gathered->log = nullptr;
  return log.real()->pMethods->xClose(log.real());
}

template <auto kMethod>
int told_by_real(sqlite3_file* file) {
  sqlite3_file* const real = of(file).real();
  return (real->pMethods->*kMethod)(real);
}

// Version 1: neither shared memory nor mapped pages, which a write-ahead log has no use for.
const sqlite3_io_methods kMethods = {1,
                                     close,
                                     after_writing<&sqlite3_io_methods::xRead, void*, int, sqlite3_int64>,
                                     write,
                                     after_writing<&sqlite3_io_methods::xTruncate, sqlite3_int64>,
                                     after_writing<&sqlite3_io_methods::xSync, int>,
                                     after_writing<&sqlite3_io_methods::xFileSize, sqlite3_int64*>,
                                     after_writing<&sqlite3_io_methods::xLock, int>,
                                     after_writing<&sqlite3_io_methods::xUnlock, int>,
                                     after_writing<&sqlite3_io_methods::xCheckReservedLock, int*>,
                                     after_writing<&sqlite3_io_methods::xFileControl, int, void*>,
                                     told_by_real<&sqlite3_io_methods::xSectorSize>,
                                     told_by_real<&sqlite3_io_methods::xDeviceCharacteristics>,
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr,
                                     nullptr};

// ---- the database ---------------------------------------------------------------------------------------------------

/// SQLite's own, except for the locks.
struct DatabaseMethods : sqlite3_io_methods {
  const sqlite3_io_methods* real = nullptr;
  Gathered* gathered = nullptr;
};

// A transaction that was rolled back, be it by an error, has pages in memory that no sync has followed. Where they
// would go another program may commit as soon as it has the writers' lock: so they go there before, as SQLite's own
// would have.
int lock_shared_memory(sqlite3_file* file, int offset, int count, int flags) {
  constexpr int kWritersLock = 0;  // https://www.sqlite.org/walformat.html#wal_locks
  const auto& methods = *static_cast<const DatabaseMethods*>(file->pMethods);
  if (offset == kWritersLock && (flags & SQLITE_SHM_UNLOCK) != 0) {
    static_cast<void>(methods.gathered->write_out());  // whether it succeeds matters to nobody any more
    methods.gathered->forget();
  }
  return methods.real->xShmLock(file, offset, count, flags);
}

}  // namespace

struct WalGathering::Vfs {
  std::string name;
  Gathered gathered;
  DatabaseMethods database;
  bool sync_is_last = false;  // a commit writes nothing after it
  sqlite3_vfs self{};
  sqlite3_vfs* real = nullptr;

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* opened) {
    Vfs& own = *static_cast<Vfs*>(vfs->pAppData);
    if ((flags & SQLITE_OPEN_WAL) != 0 && own.sync_is_last) return own.open_log(name, file, flags, opened);
    const int code = own.real->xOpen(own.real, name, file, flags, opened);
    if (code == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB) != 0) own.on_database(*file);
    return code;
  }

 private:
  int open_log(const char* path, sqlite3_file* file, int flags, int* opened) {
    auto* const log = new (file) File{{nullptr}, &gathered};
    const int code = real->xOpen(real, path, log->real(), flags, opened);
    if (code != SQLITE_OK) return code;
    log->base.pMethods = &kMethods;
    gathered.log = log->real();
    return code;
  }
  void on_database(sqlite3_file& file) {
    // Without this, as the database's URI may ask for, a commit fills the rest of a sector after its sync.
    sync_is_last = (file.pMethods->xDeviceCharacteristics(&file) & SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0;
    static_cast<sqlite3_io_methods&>(database) = *file.pMethods;
    database.xShmLock = lock_shared_memory;
    database.real = file.pMethods;
    database.gathered = &gathered;
    file.pMethods = &database;
  }
};

WalGathering::WalGathering() : vfs_(std::make_unique<Vfs>()) {
  vfs_->gathered.bytes.reserve(kGatheredMax);  // SQLite calls from C: nothing may throw there
  vfs_->name = "waybill-" + std::to_string(reinterpret_cast<std::uintptr_t>(vfs_.get()));
  vfs_->real = sqlite3_vfs_find(nullptr);
  vfs_->self = *vfs_->real;
  vfs_->self.zName = vfs_->name.c_str();
  vfs_->self.pNext = nullptr;
  vfs_->self.szOsFile = static_cast<int>(sizeof(File)) + vfs_->real->szOsFile;
  vfs_->self.pAppData = vfs_.get();
  vfs_->self.xOpen = &Vfs::open;
  sqlite3_vfs_register(&vfs_->self, /*makeDflt=*/0);  // fails only if SQLite cannot be used, which opening tells
}

WalGathering::~WalGathering() { sqlite3_vfs_unregister(&vfs_->self); }

const char* WalGathering::name() const { return vfs_->name.c_str(); }

}  // namespace waybill::sqlite
