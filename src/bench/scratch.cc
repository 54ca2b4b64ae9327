#include "bench/scratch.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace waybill::bench {
namespace {

constexpr const char* kMark = "waybill-bench";
constexpr const char* kMarkText = "A benchmark of Waybill works here. Remove the directory when nobody needs it.\n";

Error refuse(std::string sentence) { return make_error(ErrorClass::kPermanent, std::move(sentence)); }

bool is_volatile(const std::string& path) {
  struct statfs stats {};
  if (::statfs(path.c_str(), &stats) != 0) return false;
  return stats.f_type == TMPFS_MAGIC || static_cast<unsigned long>(stats.f_type) == RAMFS_MAGIC;
}

Status check_disk(const std::string& path, bool allow_volatile) {
  if (allow_volatile || !is_volatile(path)) return ok_status();
  return refuse(path + " is on " + file_system_type(path) +
                ", which lives in memory: what is measured there says nothing about messages that must not be lost; "
                "name a directory on a disk with --dir, or give --allow-volatile");
}

Status mark(const std::string& path) {
  std::ofstream file(path + "/" + kMark);
  file << kMarkText << std::flush;
  if (file.good()) return ok_status();
  return refuse("cannot write into " + path + ": " + std::strerror(errno) + "; name another directory with --dir");
}

Result<std::string> kept_directory(const std::string& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return refuse("cannot make the directory " + dir + ": " + error.message());
  const bool empty = std::filesystem::is_empty(dir, error);
  if (error) return refuse("cannot read the directory " + dir + ": " + error.message());
  if (!empty && !std::filesystem::exists(dir + "/" + kMark)) {
    return refuse(dir + " holds files that are no benchmark's; name an empty or a new directory with --dir");
  }
  return std::filesystem::absolute(dir).string();
}

Result<std::string> new_directory(const ScratchOptions& options) {
  std::string tried;
  for (const auto& place : options.places) {
    if (::access(place.c_str(), W_OK | X_OK) == 0 && (options.allow_volatile || !is_volatile(place))) {
      std::string path = std::filesystem::absolute(place).lexically_normal().string() + "/waybill-bench-XXXXXX";
      if (::mkdtemp(path.data()) != nullptr) return path;
    }
    tried += (tried.empty() ? "" : ", ") + place;
  }
  return refuse("there is no place for a benchmark's files on a disk (tried " + tried +
                "); name a directory with --dir");
}

}  // namespace

std::vector<std::string> scratch_places(const std::string& data_dir) {
  std::vector<std::string> places;
  std::error_code ignored;  // a directory that cannot be looked up is as good as none
  if (std::filesystem::is_directory(data_dir, ignored)) {
    places.push_back(std::filesystem::absolute(data_dir + "/..").lexically_normal().string());
  }
  places.emplace_back("/var/tmp");
  return places;
}

// By the device rather than by the path: the nearest mount point above it may be hidden by another one.
std::string file_system_type(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return "unknown";
  const auto device = std::to_string(major(file.st_dev)) + ":" + std::to_string(minor(file.st_dev));
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string word;
    words >> word >> word >> word;  // mount, parent, device (proc(5))
    if (word != device) continue;
    while (words >> word && word != "-") {
    }
    if (words >> word) return word;
  }
  return "unknown";
}

std::uint64_t free_bytes(const std::string& path) {
  struct statvfs stats {};
  if (::statvfs(path.c_str(), &stats) != 0) return 0;
  return std::uint64_t{stats.f_bavail} * stats.f_frsize;
}

Result<Scratch> Scratch::make(const ScratchOptions& options) {
  const bool kept = !options.dir.empty();
  auto path = kept ? kept_directory(options.dir) : new_directory(options);
  if (!path.ok()) return path.error();
  Scratch scratch(*path, file_system_type(*path), kept);
  if (Status fit = check_disk(*path, options.allow_volatile); !fit.ok()) return fit.error();
  if (Status marked = mark(*path); !marked.ok()) return marked.error();
  return scratch;
}

Scratch::Scratch(Scratch&& other) noexcept
    : path_(std::exchange(other.path_, {})), file_system_(std::move(other.file_system_)), kept_(other.kept_) {}

Scratch::~Scratch() {
  if (kept_ || path_.empty()) return;
  std::error_code left;  // it is marked, so whoever finds it knows what it is
  std::filesystem::remove_all(path_, left);
}

}  // namespace waybill::bench
