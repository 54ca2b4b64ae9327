// Files below SQLite that fail on command: a VFS in front of the system's own, which becomes the default while the
// object lives. Open databases after it and close them before it. One at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace waybill {

/// What SQLite asked of a file.
enum class FileCall { kRead, kWrite, kSync };

class FaultyFiles {
 public:
  FaultyFiles();
  ~FaultyFiles();
  FaultyFiles(const FaultyFiles&) = delete;
  FaultyFiles& operator=(const FaultyFiles&) = delete;

  /// From now on, calls of this kind on files whose name ends so answer `code`, after `skipped` more that work.
  void fail(FileCall call, const std::string& name_end, int code, int skipped = 0);
  void heal();

  /// Every write and sync since the last `forget`, e.g. `write -wal`.
  [[nodiscard]] const std::vector<std::string>& calls() const;
  void forget();

 private:
  struct Vfs;
  std::unique_ptr<Vfs> vfs_;
};

}  // namespace waybill
