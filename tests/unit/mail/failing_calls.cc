#include "tests/unit/mail/failing_calls.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace waybill {
namespace {

thread_local FailingCalls::Call g_failing = FailingCalls::Call::kNone;
thread_local int g_error_number = 0;
thread_local unsigned long g_write_bytes_max = 0;  // 0: any

bool fails(FailingCalls::Call call) {
  if (g_failing != call) return false;
  errno = g_error_number;
  return true;
}

}  // namespace

FailingCalls::FailingCalls(Call call, int error_number) {
  g_failing = call;
  g_error_number = error_number;
}
FailingCalls::~FailingCalls() { g_failing = Call::kNone; }

ShortWrites::ShortWrites(unsigned long bytes) { g_write_bytes_max = bytes; }
ShortWrites::~ShortWrites() { g_write_bytes_max = 0; }

}  // namespace waybill

extern "C" {

ssize_t write(int fd, const void* bytes, size_t count) {
  if (waybill::fails(waybill::FailingCalls::Call::kWrite)) return -1;
  if (waybill::g_write_bytes_max != 0) count = std::min(count, waybill::g_write_bytes_max);
  return ::syscall(SYS_write, fd, bytes, count);
}

int fsync(int fd) {
  if (waybill::fails(waybill::FailingCalls::Call::kSync)) return -1;
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

int rename(const char* from, const char* to) noexcept {
  if (waybill::fails(waybill::FailingCalls::Call::kRename)) return -1;
  return static_cast<int>(::syscall(SYS_rename, from, to));
}
}
