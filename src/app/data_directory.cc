#include "app/data_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <random>

#include "app/config_value.h"
#include "app/text_file.h"
#include "mail/posix_file.h"

namespace waybill::app {
namespace {

constexpr std::size_t kHostCharsMax = 40;
constexpr std::size_t kProbeBytes = 64U << 10U;  // room for a first transaction

// What a person can do about it; file_error puts the reason's name into `code`.
Error with_advice(Error error, const std::string& path) {
  const std::string elsewhere = ", or choose another place with data.dir";
  if (error.code == "EROFS") {
    error.message = "the file system of " + path + " is read-only: make it writable" + elsewhere;
  } else if (error.code == "EACCES" || error.code == "EPERM") {
    error.message = "no permission to write in " + path + ": give this user the right to" + elsewhere;
  } else if (error.code == "ENOSPC" || error.code == "EDQUOT") {
    error.message = "no space left in " + path + ": free some" + elsewhere;
  } else if (error.code == "ENOTDIR" || error.code == "EEXIST") {
    error.message = path + " is not a directory: remove what stands there" + elsewhere;
  }
  return error;
}

Status write_durably(const std::string& path, std::string_view text) {
  const auto file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.ok()) return file.error();
  if (Status written = write_all(*file, text, path); !written.ok()) return written;
  return sync_file(*file, path);
}

Status sync_directory(const std::string& path) {
  const auto directory = open_file(path, O_RDONLY | O_DIRECTORY);
  return directory.ok() ? sync_file(*directory, path) : Status(directory.error());
}

Status replace_durably(const std::string& directory, const std::string& name, std::string_view text) {
  const std::string path = directory + "/" + name;
  const std::string fresh = path + ".new";
  if (Status written = write_durably(fresh, text); !written.ok()) return written;
  if (::rename(fresh.c_str(), path.c_str()) != 0) return file_error("rename", fresh, errno);
  return sync_directory(directory);
}

std::uint64_t random_number() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32U | device();
}

std::string draw_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host = {'h', 'o', 's', 't'};
  std::string name;
  for (const char* c = host.data(); *c != '\0' && *c != '.' && name.size() < kHostCharsMax; ++c) {
    const bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '-';
    name += plain ? *c : '-';
  }
  std::array<char, 16> part{};
  std::snprintf(part.data(), part.size(), "-%06x", static_cast<unsigned>(random_number() & 0xFF'FFFFU));
  return name + part.data();
}

std::string path_in(const std::string& data_dir) { return data_dir + "/instance"; }

}  // namespace

Status prepare_directory(const std::string& path) {
  const std::string absolute = std::filesystem::absolute(path).lexically_normal();
  if (Status made = make_directory(absolute); !made.ok()) return with_advice(made.error(), path);
  // A directory can be there and full, or on a file system that has turned read-only: only writing tells.
  const std::string probe = absolute + "/.waybill-probe-" + std::to_string(random_number());
  Status written = write_durably(probe, std::string(kProbeBytes, '\0'));
  ::unlink(probe.c_str());
  return written.ok() ? written : Status(with_advice(written.error(), path));
}

Result<InstanceFile> InstanceFile::read(const std::string& data_dir) {
  const std::string path = path_in(data_dir);
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return InstanceFile(data_dir, draw_name(), {});
  const auto text = read_text_file(path, 4'096);
  if (!text.ok()) return make_error(ErrorClass::kRetry, text.error().message);
  const auto lines = split_list(*text, '\n');
  if (lines.size() == 3) {
    const auto number = parse_count(lines[2]);
    if (number.ok()) return InstanceFile(data_dir, lines[0], {lines[1], *number});
  }
  return make_error(ErrorClass::kPermanent, path +
                                                " is damaged: it should hold the instance's name, the log's identity "
                                                "and a number, a line each; remove it to draw a new name");
}

Status InstanceFile::record(const LogStanding& log) {
  if (Status newer = refuse_older_copy(log); !newer.ok()) return newer;
  const Status stored = replace_durably(data_dir_, "instance",
                                        name_ + "\n" + log.identity + "\n" + std::to_string(log.boot_number) + "\n");
  if (!stored.ok()) return with_advice(stored.error(), data_dir_);
  log_ = log;
  return ok_status();
}

// A copy does not know what was sent after it was made: driving its rows would send all of that again.
Status InstanceFile::refuse_older_copy(const LogStanding& log) const {
  if (log_.identity != log.identity || log.boot_number > log_.boot_number) return ok_status();
  const std::string path = path_in(data_dir_);
  return make_error(ErrorClass::kPermanent,
                    "the message log is an older copy (opened " + std::to_string(log.boot_number) + " times; " + path +
                        " remembers " + std::to_string(log_.boot_number) +
                        "): what was sent since would be sent again; put the newer log back, or remove " + path +
                        " to accept that");
}

BootNonce draw_boot_nonce() { return BootNonce{random_number() | 1U}; }

}  // namespace waybill::app
