#include "cli/client.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "api/types.h"
#include "app/config_load.h"
#include "app/config_value.h"
#include "app/offline.h"
#include "app/text_file.h"
#include "base/log.h"

namespace waybill::cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

struct Chosen {
  std::string url;
  std::string token;
};

// A wildcard address is listened on, but nobody can be reached there.
std::string reachable(app::ListenAddress address) {
  if (address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  return "http://" + address.text();
}

Result<std::string> read_token(const std::string& path) {
  auto text = app::read_text_file(path);
  if (!text.ok()) return text.error();
  const auto tokens = app::split_list(*text, '\n');
  if (tokens.empty()) return make_error(ErrorClass::kPermanent, path + " holds no token");
  return tokens.front();
}

Result<app::LoadedConfig> load_configuration(const ClientOptions& options) {
  app::ConfigSources sources;
  if (!options.config_file.empty()) sources.file = options.config_file;
  sources.environment = app::config_environment();
  return app::load_config(sources);
}

// The tokens of the local configuration are shown to no other server than the one it describes.
Result<Chosen> choose_server(const ClientOptions& options) {
  Chosen chosen{options.server.empty() ? environment("WAYBILL_SERVER") : options.server, {}};
  const std::string token_file = options.token_file.empty() ? environment("WAYBILL_TOKEN_FILE") : options.token_file;
  if (chosen.url.empty()) {
    const auto loaded = load_configuration(options);
    if (!loaded.ok()) return loaded.error();
    chosen.url = reachable(loaded->config.http.listen);
    if (!loaded->config.http.tokens.empty()) chosen.token = loaded->config.http.tokens.front();
  }
  if (!token_file.empty()) {
    auto token = read_token(token_file);
    if (!token.ok()) return token.error();
    chosen.token = *token;
  }
  return chosen;
}

Result<Client> offline_client(const ClientOptions& options) {
  if (!options.server.empty()) {
    return make_error(ErrorClass::kPermanent, "--offline asks no server: leave --server out");
  }
  const auto loaded = load_configuration(options);
  if (!loaded.ok()) return loaded.error();
  auto opened = app::OfflineApi::open(loaded->config);
  if (!opened.ok()) return opened.error();
  // Shared only because a std::function must be copyable.
  std::shared_ptr<app::OfflineApi> offline = std::move(*opened);
  return Client([offline](const HttpRequest& request) -> Result<HttpReply> {
    auto reply = offline->ask(request.method, request.target, request.body);
    return HttpReply{reply.status, std::move(reply.body)};
  });
}

// Of a failure nobody knows what it leaves behind, unless the server says that nothing happened.
ErrorClass class_of(int status, const std::string& code) {
  switch (status) {
    case 404:
      return ErrorClass::kNotFound;
    case 409:
      return ErrorClass::kConflict;
    case 408:
      return ErrorClass::kOverload;
    case 503:
      return code == "unavailable" ? ErrorClass::kOverload : ErrorClass::kInDoubt;
    default:
      return status >= 500 ? ErrorClass::kInDoubt : ErrorClass::kPermanent;
  }
}

std::string with_fields(std::string message, const std::vector<api::FieldError>& fields) {
  for (const auto& field : fields) message += "\n  " + field.field + ": " + field.message;
  return message;
}

struct Said {
  std::string sentence;
  std::string code;
};

// Answers of the classic endpoint and of all others have different shapes.
Said said_in(const HttpReply& reply) {
  if (const auto error = api::parse_error(reply.body); error.ok()) {
    return {with_fields(error->message, error->fields), error->code};
  }
  if (const auto classic = api::parse_classic(reply.body); classic.ok()) {
    return {with_fields(classic->msg, classic->errors), classic->reason};
  }
  return {"the server answered with status " + std::to_string(reply.status), {}};
}

void say(const std::string& sentence) {
  std::size_t begin = 0;
  while (begin <= sentence.size()) {
    const auto end = std::min(sentence.find('\n', begin), sentence.size());
    const auto line = escape_line(std::string_view(sentence).substr(begin, end - begin));
    std::fprintf(stderr, "%s%s\n", begin == 0 ? "waybill: " : "", line.c_str());
    begin = end + 1;
  }
}

}  // namespace

std::vector<Option> ClientOptions::options(bool may_be_offline) {
  std::vector<Option> all = {
      {"--server", "The server; else WAYBILL_SERVER, else the configured http.listen", &server, false, "URL"},
      {"--token-file", "A file with the token that the server asks for; else WAYBILL_TOKEN_FILE", &token_file, false,
       "FILE"},
      {"--config", "Configuration that names the server, if --server does not", &config_file, false, "FILE"},
      {"--timeout", "How long to wait for an answer (default 15s)", &timeout, false, "TIME"},
      {"--json", "Print the server's answer as JSON", &json},
  };
  if (may_be_offline) {
    all.push_back({"--offline", "Without a server: read and change the configured message log itself", &offline});
  }
  return all;
}

Result<Client> Client::from(const ClientOptions& options) {
  if (options.offline) return offline_client(options);
  const auto chosen = choose_server(options);
  if (!chosen.ok()) return chosen.error();
  const auto address = parse_server_url(chosen->url);
  if (!address.ok()) return address.error();
  const auto timeout = app::parse_duration(options.timeout);
  if (!timeout.ok()) return make_error(ErrorClass::kPermanent, "--timeout: " + timeout.error().message);
  return Client([server = *address, token = chosen->token, limit = *timeout](HttpRequest request) {
    if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
    return exchange(server, request, limit);
  });
}

Result<std::string> Client::get(const std::string& target) const {
  return body_of(send({.method = "GET", .target = target}));
}

Result<std::string> Client::post(const std::string& target, std::string json, HttpHeaders headers) const {
  headers.emplace_back("Content-Type", "application/json");
  return body_of(send({.method = "POST", .target = target, .headers = std::move(headers), .body = std::move(json)}));
}

Result<std::string> Client::body_of(Result<HttpReply> reply) {
  if (!reply.ok()) return reply.error();
  if (reply->status >= 200 && reply->status < 300) return std::move(reply->body);
  Said said = said_in(*reply);
  if (reply->status == 401) said.sentence += "; give one of its tokens with --token-file";
  return make_error(class_of(reply->status, said.code), std::move(said.sentence), std::to_string(reply->status));
}

bool Client::is_in_doubt(const Result<HttpReply>& reply) {
  const auto body = body_of(reply);
  return !body.ok() && body.error().what == ErrorClass::kInDoubt;
}

std::string message_target(const std::string& id) { return "/v1/messages/" + percent_encode(id); }

Error advise(Error error, std::string_view maybe, std::string_view nothing) {
  if (error.what == ErrorClass::kInDoubt) error.message.append("\n  ").append(maybe);
  if (error.what == ErrorClass::kOverload) error.message.append("\n  ").append(nothing);
  return error;
}

ExitCode report(const Error& error) {
  say(error.message);
  return exit_code_for(error.what);
}

ExitCode report_usage(const Error& error) {
  say(error.message);
  return ExitCode::kUsage;
}

}  // namespace waybill::cli
