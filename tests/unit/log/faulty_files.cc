#include "tests/unit/log/faulty_files.h"

#include <sqlite3.h>

#include <new>
#include <string_view>

namespace waybill {
namespace {

struct Fault {
  FileCall call = FileCall::kWrite;
  std::string name_end;
  int code = SQLITE_OK;
  int skipped = 0;
};

struct Plan {
  std::vector<Fault> faults;
  std::vector<std::string> calls;

  int meet(FileCall call, std::string_view name) {
    if (call != FileCall::kRead) {
      const auto dash = name.rfind('-');
      const auto end = dash != std::string_view::npos && name.size() - dash <= 4 ? name.substr(dash) : "database";
      calls.push_back(std::string(call == FileCall::kWrite ? "write " : "sync ") + std::string(end));
    }
    for (Fault& fault : faults) {
      if (fault.call != call || !name.ends_with(fault.name_end)) continue;
      if (fault.skipped-- > 0) continue;
      return fault.code;
    }
    return SQLITE_OK;
  }
};

// SQLite allocates this with room for the real file behind it.
struct File {
  sqlite3_file base;
  Plan* plan;
  const char* name;  // SQLite keeps it as long as the file is open
  [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return of(file).real(); }
int meet(sqlite3_file* file, FileCall call) {
  return of(file).name == nullptr ? SQLITE_OK : of(file).plan->meet(call, of(file).name);
}

int close(sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); }
int read(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
  if (const int code = meet(f, FileCall::kRead); code != SQLITE_OK) return code;
  return real(f)->pMethods->xRead(real(f), to, size, at);
}
int write(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
  if (const int code = meet(f, FileCall::kWrite); code != SQLITE_OK) return code;
  return real(f)->pMethods->xWrite(real(f), from, size, at);
}
int truncate(sqlite3_file* f, sqlite3_int64 size) { return real(f)->pMethods->xTruncate(real(f), size); }
int sync(sqlite3_file* f, int flags) {
  if (const int code = meet(f, FileCall::kSync); code != SQLITE_OK) return code;
  return real(f)->pMethods->xSync(real(f), flags);
}
int file_size(sqlite3_file* f, sqlite3_int64* size) { return real(f)->pMethods->xFileSize(real(f), size); }
int lock(sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); }
int unlock(sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); }
int is_reserved(sqlite3_file* f, int* out) { return real(f)->pMethods->xCheckReservedLock(real(f), out); }
int control(sqlite3_file* f, int op, void* arg) { return real(f)->pMethods->xFileControl(real(f), op, arg); }
int sector_size(sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); }
int characteristics(sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); }
int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}
int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}
void shm_barrier(sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); }
int shm_unmap(sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); }

// Version 2: with shared memory, without memory-mapped pages.
const sqlite3_io_methods kMethods = {
    2,         close,       read,    write,       truncate,        sync,    file_size, lock,
    unlock,    is_reserved, control, sector_size, characteristics, shm_map, shm_lock,  shm_barrier,
    shm_unmap, nullptr,     nullptr};

}  // namespace

struct FaultyFiles::Vfs {
  sqlite3_vfs self{};
  sqlite3_vfs* real = nullptr;
  Plan plan;

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto& own = *static_cast<Vfs*>(vfs->pAppData);
    auto* opened = new (file) File{{nullptr}, &own.plan, name};
    const int code = own.real->xOpen(own.real, name, opened->real(), flags, out_flags);
    if (code == SQLITE_OK) opened->base.pMethods = &kMethods;
    return code;
  }
};

FaultyFiles::FaultyFiles() : vfs_(std::make_unique<Vfs>()) {
  vfs_->real = sqlite3_vfs_find(nullptr);
  vfs_->self = *vfs_->real;
  vfs_->self.zName = "faulty";
  vfs_->self.szOsFile = static_cast<int>(sizeof(File)) + vfs_->real->szOsFile;
  vfs_->self.pAppData = vfs_.get();
  vfs_->self.xOpen = &Vfs::open;
  vfs_->self.pNext = nullptr;
  sqlite3_vfs_register(&vfs_->self, /*makeDflt=*/1);
}

FaultyFiles::~FaultyFiles() {
  sqlite3_vfs_unregister(&vfs_->self);
  sqlite3_vfs_register(vfs_->real, /*makeDflt=*/1);
}

void FaultyFiles::fail(FileCall call, const std::string& name_end, int code, int skipped) {
  vfs_->plan.faults.push_back({call, name_end, code, skipped});
}
void FaultyFiles::heal() { vfs_->plan.faults.clear(); }
const std::vector<std::string>& FaultyFiles::calls() const { return vfs_->plan.calls; }
void FaultyFiles::forget() { vfs_->plan.calls.clear(); }

}  // namespace waybill
