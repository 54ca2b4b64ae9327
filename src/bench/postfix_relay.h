// Debian's Postfix as a child, which accepts mails durably and relays them: the usual program between an application
// and the world, beside which ours is measured. Its files are below a directory of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "bench/child_process.h"
#include "bench/run_watch.h"

namespace waybill::bench {

/// One thread. If this process is killed, it ends by itself within twenty minutes.
class PostfixRelay {
 public:
  /// Why it cannot be run here, in a few words; empty: it can.
  [[nodiscard]] static std::string obstacle();
  /// Relays everything to a port of this machine. `directory` exists; Postfix's users must be able to pass through it.
  /// Errors: kRetry, kConflict (interrupted).
  [[nodiscard]] static Result<std::unique_ptr<PostfixRelay>> start(const std::string& directory, std::uint16_t to,
                                                                   RunWatch& watch);
  ~PostfixRelay();
  PostfixRelay(const PostfixRelay&) = delete;
  PostfixRelay& operator=(const PostfixRelay&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  PostfixRelay(std::uint16_t port, std::unique_ptr<ChildProcess> master) : port_(port), master_(std::move(master)) {}

  const std::uint16_t port_;
  const std::unique_ptr<ChildProcess> master_;
};

}  // namespace waybill::bench
