// The place that a benchmark works in: a directory of its own on a real disk.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace waybill::bench {

struct ScratchOptions {
  std::string dir;                  ///< to be used and kept; empty: a new one that is removed in the end
  std::vector<std::string> places;  ///< where a new one may be made: the first that is fit
  bool allow_volatile = false;      ///< a file system in memory is fit too: for tests, not for figures
};

class Scratch {
 public:
  /// A kept directory is made if need be; one that exists must be empty or marked as a benchmark's, lest a benchmark
  /// works on somebody's messages. Errors: kPermanent, one sentence that says what would be right.
  [[nodiscard]] static Result<Scratch> make(const ScratchOptions& options);
  ~Scratch();
  Scratch(Scratch&& other) noexcept;
  Scratch& operator=(Scratch&&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }  ///< absolute
  [[nodiscard]] const std::string& file_system() const { return file_system_; }

 private:
  Scratch(std::string path, std::string file_system, bool kept)
      : path_(std::move(path)), file_system_(std::move(file_system)), kept_(kept) {}

  std::string path_;  // empty: moved away
  std::string file_system_;
  bool kept_;
};

/// Where benchmarks of an instance with this data directory work: beside it if it exists, else in /var/tmp.
[[nodiscard]] std::vector<std::string> scratch_places(const std::string& data_dir);

/// `ext4`, `tmpfs`, …: the type as the mount table names it.
[[nodiscard]] std::string file_system_type(const std::string& path);

/// Free for an ordinary user, in bytes; 0 if it cannot be told.
[[nodiscard]] std::uint64_t free_bytes(const std::string& path);

}  // namespace waybill::bench
