// An independent record of every delivery (`mail.journal`): one line for each effect, written by whoever made it. It
// answers "what was really sent, and how often" without asking the message log.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "mail/posix_file.h"
#include "mail/transport.h"

namespace waybill {

/// Passes each mail on and appends, once it was delivered and before anybody is told so,
///
///     2026-01-31T08:00:00.125Z "the message id" "the result"
///
/// with both strings as JSON: one append, one sync. **The line is the record of the effect**: a process that dies
/// before it has recorded nothing, one that dies after it has, and every `Done` has its line. A line torn by a full
/// disk is followed by a line end before the next one; readers skip what does not parse. Any thread; one line at a
/// time.
class JournalTransport final : public MailTransport {
 public:
  /// Creates the file if there is none, and its directory. `clock` outlives the transport.
  /// Errors: kRetry (it cannot be opened), with the reason.
  [[nodiscard]] static Result<std::unique_ptr<JournalTransport>> open(const std::string& path,
                                                                      std::unique_ptr<MailTransport> inner,
                                                                      const WallClock& clock);

  /// What the inner transport answers; `Unknown` if it answered `Done` and the line could not be made durable.
  [[nodiscard]] HandlerOutcome deliver(const MailToDeliver& mail, EffectGate& gate) override;

 private:
  JournalTransport(FileDescriptor file, std::string path, std::unique_ptr<MailTransport> inner, const WallClock& clock);
  [[nodiscard]] Status append(const std::string& line);

  const std::string path_;
  const std::unique_ptr<MailTransport> inner_;
  const WallClock& clock_;
  std::mutex mutex_;
  FileDescriptor file_;  // guarded by mutex_
  bool torn_;            // guarded by mutex_; the file may end within a line
};

}  // namespace waybill
