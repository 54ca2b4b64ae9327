#include "mail/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace waybill {
namespace {

// A crash may have cut the last line short.
bool ends_within_line(const FileDescriptor& file) {
  struct stat about {};
  if (::fstat(file.get(), &about) != 0 || about.st_size == 0) return false;
  char last = 0;
  return ::pread(file.get(), &last, 1, about.st_size - 1) != 1 || last != '\n';
}

}  // namespace

JournalTransport::JournalTransport(FileDescriptor file, std::string path, std::unique_ptr<MailTransport> inner,
                                   const WallClock& clock)
    : path_(std::move(path)),
      inner_(std::move(inner)),
      clock_(clock),
      file_(std::move(file)),
      torn_(ends_within_line(file_)) {}

Result<std::unique_ptr<JournalTransport>> JournalTransport::open(const std::string& path,
                                                                 std::unique_ptr<MailTransport> inner,
                                                                 const WallClock& clock) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (error) return file_error("find the journal", path, error.value());
  const auto directory = absolute.parent_path().string();
  if (const auto made = make_directory(directory); !made) return made.error();
  auto file = open_file(absolute.string(), O_RDWR | O_CREAT | O_APPEND);
  if (!file) return file.error();
  if (const auto synced = sync_directory(directory); !synced) return synced.error();
  return std::unique_ptr<JournalTransport>(
      new JournalTransport(std::move(*file), absolute.string(), std::move(inner), clock));
}

HandlerOutcome JournalTransport::deliver(const MailToDeliver& mail, EffectGate& gate) {
  auto outcome = inner_->deliver(mail, gate);
  const auto* done = std::get_if<Done>(&outcome);
  if (done == nullptr) return outcome;
  const auto line = to_rfc3339(clock_.now()) + " " + boost::json::serialize(mail.msg_id.value) + " " +
                    boost::json::serialize(done->result) + "\n";
  if (const auto appended = append(line); !appended) {
    return Unknown{"the mail was delivered (" + done->result + ") but not recorded: " + appended.error().message};
  }
  return outcome;
}

Status JournalTransport::append(const std::string& line) {
  // Writing and syncing are one step: a sync error is reported once, and must reach the line that it concerns.
  const std::lock_guard lock(mutex_);
  const auto text = torn_ ? "\n" + line : line;
  const auto written = ::write(file_.get(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size())) {
    torn_ = torn_ || written > 0;
    return file_error("write a whole line to", path_, written < 0 ? errno : ENOSPC);
  }
  torn_ = false;
  return sync_file(file_, path_);
}

}  // namespace waybill
