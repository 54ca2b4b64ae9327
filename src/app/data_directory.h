// The directory that an instance keeps its things in, and who the instance is by what it finds there.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"
#include "core/names.h"

namespace waybill::app {

/// Makes the directory, if need be, and proves that it can be written to. Errors: kRetry, one sentence that says what
/// stands in the way (rights, a read-only file system, no space) and what would help.
[[nodiscard]] Status prepare_directory(const std::string& path);

/// What a log says of itself when it is opened.
struct LogStanding {
  std::string identity;
  std::int64_t boot_number = 0;  ///< rises with every opening
  bool operator==(const LogStanding&) const = default;
};

/// The file `instance` in the data directory: the name that was drawn for this instance, and how far its log had come.
/// One thread.
class InstanceFile {
 public:
  /// Without a file, draws a name from the host's name and chance. Errors: kRetry, kPermanent (the file is damaged).
  [[nodiscard]] static Result<InstanceFile> read(const std::string& data_dir);

  [[nodiscard]] const std::string& name() const { return name_; }
  /// Keeps name and standing, durably. Call it while holding the log. Errors: kRetry; kPermanent if the log is an older
  /// copy of the one that stood here before, and nothing is kept.
  [[nodiscard]] Status record(const LogStanding& log);
  /// kPermanent if the log is an older copy of the one that stood here before: driving its rows would send again what
  /// was sent since.
  [[nodiscard]] Status refuse_older_copy(const LogStanding& log) const;

 private:
  InstanceFile(std::string data_dir, std::string name, LogStanding log)
      : data_dir_(std::move(data_dir)), name_(std::move(name)), log_(std::move(log)) {}

  std::string data_dir_;
  std::string name_;
  LogStanding log_;
};

/// Of one life of one process. Never zero.
[[nodiscard]] BootNonce draw_boot_nonce();

}  // namespace waybill::app
