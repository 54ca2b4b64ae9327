// Sends a file of messages: `POST /v1/messages` with one message a line, chunk by chunk, each under a key of its own
// that is derived from the file's, so that sending the same file again under the same key completes exactly what was
// begun.
#pragma once

#include <cstdint>
#include <string>

#include "cli/client.h"
#include "cli/message_lines.h"
#include "cli/patience.h"

namespace waybill::cli {

struct BatchSend {
  static constexpr std::size_t kKeyBytesMax = 200;  ///< the rest of what a key may have is for the chunks

  std::string key;
  bool json = false;  ///< report as one JSON object
};

/// Reports to stdout, and to stderr each line that was refused. `pause` says false to stop.
[[nodiscard]] ExitCode send_batch(const Client& client, MessageLines& lines, const BatchSend& options,
                                  const Patience::Pause& pause);

/// send_batch that Ctrl-C stops.
[[nodiscard]] ExitCode send_batch(const Client& client, MessageLines& lines, const BatchSend& options);

}  // namespace waybill::cli
