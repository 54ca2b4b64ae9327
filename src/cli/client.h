// What the commands know of a server: requests with their errors turned into sentences and classes.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "cli/http_client.h"

namespace waybill::cli {

/// What every client command takes.
struct ClientOptions {
  std::string server;      ///< empty: WAYBILL_SERVER, else the configured http.listen of this folder
  std::string token_file;  ///< empty: WAYBILL_TOKEN_FILE, else the configured tokens, if the server came from there
  std::string config_file;
  std::string timeout = "15s";
  bool json = false;
  bool offline = false;  ///< without a server: from the configured message log

  /// The options of the command line that fill this; `--offline` only for commands that can do without a server.
  [[nodiscard]] std::vector<Option> options(bool may_be_offline);
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

class Client {
 public:
  /// Errors: kPermanent, for what is wrong with the options or the configuration; offline also kConflict (an instance
  /// holds the log), kNotFound (there is none) and kRetry.
  [[nodiscard]] static Result<Client> from(const ClientOptions& options);
  /// How requests are answered.
  using Transport = std::function<Result<HttpReply>(const HttpRequest&)>;
  explicit Client(Transport transport) : transport_(std::move(transport)) {}

  /// The answer, whatever its status. Errors: kRetry (unreachable), kInDoubt (no answer).
  [[nodiscard]] Result<HttpReply> send(const HttpRequest& request) const { return transport_(request); }
  // The body of a successful answer. Errors are what the server said, by class: kNotFound, kConflict, kOverload (it
  // cannot serve now, and nothing happened), kPermanent (refused), kRetry (unreachable), kInDoubt (no answer, or one
  // that says that it may have happened).
  [[nodiscard]] Result<std::string> get(const std::string& target) const;
  [[nodiscard]] Result<std::string> post(const std::string& target, std::string json, HttpHeaders headers = {}) const;
  [[nodiscard]] static Result<std::string> body_of(Result<HttpReply> reply);
  /// Nobody knows whether what was asked happened.
  [[nodiscard]] static bool is_in_doubt(const Result<HttpReply>& reply);

 private:
  Transport transport_;
};

/// `/v1/messages/{id}`
[[nodiscard]] std::string message_target(const std::string& id);

/// The error with one line more: `maybe` if what was asked may have happened, `nothing` if the server could not serve
/// it.
[[nodiscard]] Error advise(Error error, std::string_view maybe, std::string_view nothing);

/// Says it on stderr and names the exit code.
[[nodiscard]] ExitCode report(const Error& error);
[[nodiscard]] ExitCode report_usage(const Error& error);

}  // namespace waybill::cli
