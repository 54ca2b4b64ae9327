#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace waybill::cli {
namespace {

constexpr int kBarWidth = 24;
constexpr Duration kQuiet{500};  // what ends sooner needs no bar
constexpr Duration kRefresh{100};
constexpr std::string_view kClearLine = "\r\x1b[K";

void write_stderr(std::string_view text) {
  // A bar that cannot be shown changes nothing.
  [[maybe_unused]] const auto written = std::fwrite(text.data(), 1, text.size(), stderr);
}

std::function<void(std::string_view)> terminal_or_none() {
  if (!Progress::on_terminal()) return nullptr;
  return write_stderr;
}

}  // namespace

Progress::Progress(std::string what, std::int64_t total)
    : Progress(std::move(what), total, terminal_or_none(), kQuiet) {}

Progress::Progress(std::string what, std::int64_t total, std::function<void(std::string_view)> out, Duration quiet)
    : what_(std::move(what)),
      total_(total),
      out_(std::move(out)),
      quiet_(quiet),
      begin_(std::chrono::steady_clock::now()),
      next_(begin_ + quiet_) {}

bool Progress::on_terminal() { return ::isatty(STDERR_FILENO) != 0; }

void Progress::update(std::int64_t done) {
  const MonoTime now = std::chrono::steady_clock::now();
  if (!out_ || now < next_) return;
  next_ = now + kRefresh;
  shown_ = true;
  out_(std::string(kClearLine) +
       progress_line(what_, done, total_, std::chrono::duration_cast<Duration>(now - begin_)));
}

void Progress::clear() {
  if (!shown_) return;
  out_(kClearLine);
  shown_ = false;
  next_ = MonoTime{};
}

std::string progress_line(std::string_view what, std::int64_t done, std::int64_t total, Duration elapsed) {
  std::string line(what);
  if (total > 0) {
    done = std::min(done, total);
    const auto filled = static_cast<std::size_t>(done * kBarWidth / total);
    line += "  [" + std::string(filled, '#') + std::string(kBarWidth - filled, '.') + "]  ";
    line += std::to_string(done * 100 / total) + " %  " + std::to_string(done) + " of " + std::to_string(total);
  } else {
    line += "  " + std::to_string(done);
  }
  const std::int64_t millis = std::max<std::int64_t>(elapsed.count(), 1);
  const std::int64_t rate = done * 1'000 / millis;
  line += "  " + std::to_string(rate) + "/s";
  if (total > 0 && done > 0) line += "  " + std::to_string((total - done) * millis / done / 1'000) + " s left";
  return line;
}

}  // namespace waybill::cli
