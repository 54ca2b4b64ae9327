#include "bench/disk_probe.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <vector>

#include "mail/posix_file.h"

namespace waybill::bench {
namespace {

constexpr std::size_t kPage = 4'096;
constexpr std::size_t kPages = 256;
constexpr std::size_t kTimes = 1'000;
constexpr std::chrono::seconds kTimeMax{1};

Result<Spread> measure(const FileDescriptor& file, const std::string& path) {
  using Clock = std::chrono::steady_clock;
  if (Status put = write_all(file, std::string(kPage * kPages, 'a'), path); !put.ok()) return put.error();
  if (Status synced = sync_file(file, path); !synced.ok()) return synced.error();
  std::vector<double> took;
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < kTimes && Clock::now() - begin < kTimeMax; ++i) {
    const std::string page(kPage, static_cast<char>('a' + i % 26));
    const auto offset = static_cast<off_t>(i % kPages * kPage);
    if (::pwrite(file.get(), page.data(), page.size(), offset) != static_cast<ssize_t>(page.size())) {
      return file_error("write", path, errno);
    }
    const auto asked = Clock::now();
    if (::fdatasync(file.get()) != 0) return file_error("sync", path, errno);
    took.push_back(std::chrono::duration<double, std::micro>(Clock::now() - asked).count());
  }
  return spread_of(std::move(took));
}

}  // namespace

Result<Spread> measure_fdatasync_us(const std::string& directory) {
  const std::string path = directory + "/fdatasync-probe";
  const auto file = open_file(path, O_RDWR | O_CREAT | O_TRUNC);
  if (!file.ok()) return file.error();
  auto spread = measure(*file, path);
  ::unlink(path.c_str());
  return spread;
}

}  // namespace waybill::bench
