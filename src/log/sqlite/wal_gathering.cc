#include "log/sqlite/wal_gathering.h"

#include <sqlite3.h>

#include <cstdint>
#include <new>
#include <string>

namespace waybill::sqlite {
namespace {

/// SQLite's own file system writes less than 128 KiB at once: of a larger size it looks at the low bits alone.
constexpr std::size_t kGatheredMax = 124U << 10U;

/// The log, as SQLite sees it. The real file stands behind it in the same memory.
struct File {
  sqlite3_file base;  // first, for SQLite
  std::string* gathered;
  sqlite3_int64 begin;  // where it is to be written

  [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  [[nodiscard]] sqlite3_int64 end() const { return begin + static_cast<sqlite3_int64>(gathered->size()); }
};

File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

int write_out(File& log) {
  if (log.gathered->empty()) return SQLITE_OK;
  sqlite3_file* const real = log.real();
  const int code =
      real->pMethods->xWrite(real, log.gathered->data(), static_cast<int>(log.gathered->size()), log.begin);
  // After a failure nothing of it counts: SQLite gives the transaction up, and writes over it.
  log.gathered->clear();
  return code;
}

// One write is a page at the most, of 64 KiB.
int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  File& log = of(file);
  const auto more = static_cast<std::size_t>(size);
  if (offset != log.end() || log.gathered->size() + more > kGatheredMax) {
    if (const int code = write_out(log); code != SQLITE_OK) return code;
    log.begin = offset;
  }
  log.gathered->append(static_cast<const char*>(bytes), more);
  return SQLITE_OK;
}

/// The real file's method, once what was gathered is written.
template <auto kMethod, class... Args>
int after_writing(sqlite3_file* file, Args... args) {
  File& log = of(file);
  if (const int code = write_out(log); code != SQLITE_OK) return code;
  return (log.real()->pMethods->*kMethod)(log.real(), args...);
}

int close(sqlite3_file* file) {
  File& log = of(file);
  // What no sync has followed was never committed, and another writer may stand there by now.
  log.gathered->clear();
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

}  // namespace

struct WalGathering::Vfs {
  std::string name;
  std::string gathered;  // of the one log that the connection has
  sqlite3_vfs self{};
  sqlite3_vfs* real = nullptr;

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* opened) {
    sqlite3_vfs* const real = static_cast<Vfs*>(vfs->pAppData)->real;
    if ((flags & SQLITE_OPEN_WAL) == 0) return real->xOpen(real, name, file, flags, opened);
    auto* const log = new (file) File{{nullptr}, &static_cast<Vfs*>(vfs->pAppData)->gathered, 0};
    const int code = real->xOpen(real, name, log->real(), flags, opened);
    if (code == SQLITE_OK) log->base.pMethods = &kMethods;
    return code;
  }
};

WalGathering::WalGathering() : vfs_(std::make_unique<Vfs>()) {
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

void WalGathering::discard() { vfs_->gathered.clear(); }

const char* WalGathering::name() const { return vfs_->name.c_str(); }

}  // namespace waybill::sqlite
