// Delivers mails into a Maildir: each is written and synced in tmp/ and then renamed into new/, so that a reader sees
// whole mails only. The file's name comes from the message id: a repeat replaces the first copy as long as no reader
// has moved it on.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "mail/transport.h"

namespace waybill {

/// Any thread. Several processes may deliver into one Maildir.
class Maildir final : public MailTransport {
 public:
  /// Makes the Maildir if there is none, and removes what crashed writers left in tmp/ more than 36 hours ago (at most
  /// 10,000 files are looked at). Errors: kRetry (it cannot be made or written to), with the reason.
  [[nodiscard]] static Result<std::unique_ptr<Maildir>> open(const std::string& path);

  /// `Done`: the file's absolute path. `Retry`: any failure up to and including the rename, nothing is left behind.
  /// `Unknown`: renamed, but the directory could not be synced.
  [[nodiscard]] HandlerOutcome deliver(const MailToDeliver& mail, EffectGate& gate) override;

 private:
  explicit Maildir(std::string root);
  [[nodiscard]] Status make_directories() const;
  void remove_leftovers() const;
  [[nodiscard]] std::string temporary_path(const std::string& name);

  const std::string root_;
  const std::string writer_;  // random: no two processes write the same temporary file
  std::atomic<std::uint64_t> written_{0};
};

}  // namespace waybill
