// `waybill serve`: one instance from its start to its clean end.
#pragma once

#include <string>

#include "app/config.h"
#include "base/result.h"

namespace waybill::app {

struct ServeOptions {
  Config config;
  // Each gets one line once it is served, and is removed at the end; empty: none.
  std::string port_file;     ///< the port
  std::string address_file;  ///< address and port: `127.0.0.1:8420`, `[::1]:8420`
};

/// Serves until SIGTERM, SIGINT or SIGHUP, then drains within shutdown.grace; a second signal ends it at once. Call
/// once, on the main thread, before any other thread starts: it blocks those signals for all of them. Errors:
/// kPermanent (what is configured cannot work), kConflict (another instance holds the data), kRetry (the start or the
/// log failed for another reason). They have been told on stderr.
[[nodiscard]] Status serve(const ServeOptions& options);

}  // namespace waybill::app
