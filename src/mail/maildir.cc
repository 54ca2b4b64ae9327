#include "mail/maildir.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <random>
#include <system_error>
#include <utility>

#include "base/fault_point.h"
#include "mail/posix_file.h"
#include "mail/safe_name.h"

namespace waybill {
namespace {

namespace fs = std::filesystem;

constexpr auto kLeftoverAge = std::chrono::hours(36);  // the age at which maildir(5) allows it
constexpr int kLeftoversLookedAt = 10'000;

// A file in tmp/ that disappears unless it was renamed away.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  ~TemporaryFile() {
    if (!moved_) ::unlink(path_.c_str());  // what stays behind is removed as a leftover one day
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] Status write_durably(std::string_view bytes) const {
    const auto file = open_file(path_, O_WRONLY | O_CREAT | O_EXCL);
    if (!file) return file.error();
    if (auto status = write_all(*file, bytes, path_); !status) return status;
    return sync_file(*file, path_);
  }
  [[nodiscard]] Status rename_to(const std::string& path) {
    if (::rename(path_.c_str(), path.c_str()) != 0) return file_error("rename a mail to", path, errno);
    moved_ = true;
    return ok_status();
  }

 private:
  const std::string path_;
  bool moved_ = false;
};

std::string random_name() {
  std::random_device random;
  char text[20];
  std::snprintf(text, sizeof text, "%08x%08x", random(), random());
  return text;
}

}  // namespace

Maildir::Maildir(std::string root) : root_(std::move(root)), writer_(random_name()) {}

Result<std::unique_ptr<Maildir>> Maildir::open(const std::string& path) {
  std::error_code error;
  auto root = fs::absolute(path, error).lexically_normal();
  if (error) return file_error("find the Maildir", path, error.value());
  if (!root.has_filename()) root = root.parent_path();
  std::unique_ptr<Maildir> maildir(new Maildir(root.string()));
  if (const auto made = maildir->make_directories(); !made) return made.error();
  // An earlier process may have made them and died before it synced their names. A parent that we may not read is not
  // of its making.
  if (const auto synced = sync_directory(root.string()); !synced) return synced.error();
  const auto synced = sync_directory(root.parent_path().string());
  if (!synced && synced.error().code != "EACCES") return synced.error();
  const auto probe = maildir->temporary_path("probe");
  if (const auto written = TemporaryFile(probe).write_durably("probe"); !written) return written.error();
  maildir->remove_leftovers();
  return maildir;
}

Status Maildir::make_directories() const {
  for (const char* name : {"", "/tmp", "/new", "/cur"}) {
    if (auto made = make_directory(root_ + name); !made) return made;
  }
  return ok_status();
}

void Maildir::remove_leftovers() const {
  const auto before = fs::file_time_type::clock::now() - kLeftoverAge;
  // Every error is ignored: a leftover costs nothing but room, and the next start tries again.
  std::error_code error;
  fs::directory_iterator entry(root_ + "/tmp", error);
  for (int looked_at = 0; !error && entry != fs::directory_iterator() && looked_at < kLeftoversLookedAt; ++looked_at) {
    const auto path = entry->path();
    entry.increment(error);
    std::error_code ignored;
    const auto written = fs::last_write_time(path, ignored);
    if (!ignored && written < before) ::unlink(path.c_str());
  }
}

std::string Maildir::temporary_path(const std::string& name) {
  return root_ + "/tmp/" + name + "." + writer_ + "." + std::to_string(written_.fetch_add(1));
}

HandlerOutcome Maildir::deliver(const MailToDeliver& mail, EffectGate& gate) {
  const auto name = safe_name(mail.msg_id) + ".waybill";
  const auto path = root_ + "/new/" + name;
  // Somebody may have emptied the place since the last mail.
  if (const auto made = make_directories(); !made) return Retry{made.error().message, {}};
  const auto directory = open_file(root_ + "/new", O_RDONLY | O_DIRECTORY);
  if (!directory) return Retry{directory.error().message, {}};
  TemporaryFile file(temporary_path(name));
  if (const auto written = file.write_durably(mail.bytes); !written) return Retry{written.error().message, {}};

  if (!begin_mail_effect(gate)) return not_begun();
  if (const auto renamed = file.rename_to(path); !renamed) return Retry{renamed.error().message, {}};
  crash_point("during_effect");
  // tmp/ needs no sync: if its old entry came back after a power cut, it would be one more leftover.
  if (const auto synced = sync_file(*directory, root_ + "/new"); !synced) {
    return Unknown{"the mail is at '" + path + "' but may not survive a power cut: " + synced.error().message};
  }
  return Done{path};
}

}  // namespace waybill
