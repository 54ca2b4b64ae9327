// A server as a test wants it: answers by a script, and remembers what it was asked.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/client.h"

namespace waybill::cli {

class FakeServer {
 public:
  using Answer = std::function<Result<HttpReply>(const HttpRequest&)>;

  /// Answers request `n` (from 0) with the n-th of `script`, and all further ones with its last.
  explicit FakeServer(std::vector<Answer> script) : script_(std::move(script)) {}
  explicit FakeServer(Answer always) : script_({std::move(always)}) {}

  [[nodiscard]] Client client();

  std::vector<HttpRequest> asked;

 private:
  std::vector<Answer> script_;
};

[[nodiscard]] FakeServer::Answer says(int status, std::string body, int retry_after = -1);
[[nodiscard]] FakeServer::Answer fails(ErrorClass what);
/// Accepts every line of a batch, ids by the line.
[[nodiscard]] Result<HttpReply> accept_lines(const HttpRequest& request);

[[nodiscard]] std::string header_of(const HttpRequest& request, const std::string& name);

/// Notes the pauses that were asked for, and takes no time.
class NotedPauses {
 public:
  [[nodiscard]] std::function<bool(Duration)> pause();
  std::vector<Duration> pauses;  ///< those that are not zero
  int stop_after = -1;           ///< of all calls: then it says stop; -1: never

 private:
  int calls_ = 0;
};

/// What `run` printed.
struct Printed {
  ExitCode code = ExitCode::kDone;
  std::string out;
  std::string err;
};
[[nodiscard]] Printed printed(const std::function<ExitCode()>& run);

}  // namespace waybill::cli
