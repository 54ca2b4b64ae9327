#include "bench/smtp_sink.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string_view>
#include <thread>
#include <utility>

#include "bench/loopback.h"

namespace waybill::bench {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

constexpr auto kStartMax = 20s;
constexpr auto kLook = 5ms;
constexpr std::streamoff kTail = 256;  // holds one line of counters for certain
constexpr int kBacklog = 1'000;

MonoTime now() { return std::chrono::steady_clock::now(); }

}  // namespace

std::int64_t counted_mails(std::string_view output) {
  constexpr std::string_view kName = "mesg=";
  const auto end = output.rfind('\r');
  const auto at = end == std::string_view::npos ? end : output.substr(0, end).rfind(kName);
  if (at == std::string_view::npos) return 0;
  std::int64_t count = 0;
  std::from_chars(output.data() + at + kName.size(), output.data() + end, count);
  return count;
}

Status await_listener(std::uint16_t port, ChildProcess& child, RunWatch& watch) {
  const MonoTime deadline = now() + kStartMax;
  while (!connect_to(port).ok()) {
    if (watch.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
    if (!child.running() || now() > deadline)
      return make_error(ErrorClass::kRetry,
                        "nobody listens on port " + std::to_string(port) + ": " + child.last_words());
    std::this_thread::sleep_for(kLook);
  }
  return ok_status();
}

Result<std::unique_ptr<SmtpSink>> SmtpSink::start(const std::string& directory, RunWatch& watch) {
  const std::string program = find_program("smtp-sink");
  if (program.empty())
    return make_error(ErrorClass::kPermanent, "there is no smtp-sink: `scripts/bootstrap postfix` installs it");
  const auto port = free_port();
  if (!port.ok()) return port.error();
  const std::string output = directory + "/smtp-sink.log";
  auto child = ChildProcess::start({"smtp-sink",
                                    program,
                                    {"smtp-sink", "-c", "127.0.0.1:" + std::to_string(*port), std::to_string(kBacklog)},
                                    output,
                                    /*as_nobody=*/true});
  if (!child.ok()) return child.error();
  if (Status ready = await_listener(*port, **child, watch); !ready.ok()) return ready.error();
  return std::unique_ptr<SmtpSink>(new SmtpSink(output, *port, std::move(*child)));
}

Result<std::int64_t> SmtpSink::mails() {
  if (!child_->running()) return make_error(ErrorClass::kRetry, "smtp-sink ended: " + child_->last_words());
  std::ifstream file(output_, std::ios::binary | std::ios::ate);
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - kTail));
  return counted_mails(std::string(std::istreambuf_iterator<char>(file), {}));
}

Result<MonoTime> SmtpSink::await(std::int64_t wanted, Duration moved_within, RunWatch& watch) {
  std::int64_t seen = 0;
  MonoTime moved = now();
  for (;;) {
    const auto count = mails();
    if (!count.ok()) return count.error();
    if (*count >= wanted) return now();
    if (*count > seen) moved = now();
    seen = *count;
    if (watch.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
    if (now() - moved > moved_within) {
      return make_error(ErrorClass::kRetry, std::to_string(wanted - seen) + " of " + std::to_string(wanted) +
                                                " mails did not come to the sink in time");
    }
    watch.tell("mails that arrived", seen, wanted);
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace waybill::bench
