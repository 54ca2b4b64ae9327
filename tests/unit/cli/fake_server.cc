#include "tests/unit/cli/fake_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

namespace waybill::cli {

Client FakeServer::client() {
  return Client([this](const HttpRequest& request) {
    const Answer& answer = script_[std::min(asked.size(), script_.size() - 1)];
    asked.push_back(request);
    return answer(request);
  });
}

FakeServer::Answer says(int status, std::string body, int retry_after) {
  return [=](const HttpRequest&) -> Result<HttpReply> {
    HttpReply reply{status, body};
    if (retry_after >= 0) reply.retry_after = std::chrono::seconds(retry_after);
    return reply;
  };
}

FakeServer::Answer fails(ErrorClass what) {
  return [what](const HttpRequest&) -> Result<HttpReply> { return make_error(what, "as planted"); };
}

Result<HttpReply> accept_lines(const HttpRequest& request) {
  HttpReply reply{200, {}};
  const auto lines = std::count(request.body.begin(), request.body.end(), '\n');
  for (int i = 0; i < lines; ++i) {
    reply.body += R"({"id":")" + std::to_string(i) +
                  R"(","status":{"name":"sending","code":0},"duplicate":false})"
                  "\n";
  }
  return reply;
}

std::string header_of(const HttpRequest& request, const std::string& name) {
  for (const auto& [known, value] : request.headers) {
    if (known == name) return value;
  }
  return {};
}

std::function<bool(Duration)> NotedPauses::pause() {
  return [this](Duration time) {
    if (time > Duration{0}) pauses.push_back(time);
    return stop_after < 0 || calls_++ < stop_after;
  };
}

Printed printed(const std::function<ExitCode()>& run) {
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Printed printed;
  printed.code = run();
  std::fflush(stdout);
  printed.out = ::testing::internal::GetCapturedStdout();
  printed.err = ::testing::internal::GetCapturedStderr();
  return printed;
}

}  // namespace waybill::cli
