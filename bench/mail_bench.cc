// A mail's request, from the bytes of its JSON to the body of its message, and what the handler reads of it.
#include <benchmark/benchmark.h>

#include <string>
#include <variant>

#include "mail/mail_body.h"
#include "mail/mail_request.h"
#include "mail/mime.h"

namespace waybill {
namespace {

std::string request_json(std::int64_t content) {
  return R"({"subject":"Greetings","content":")" + std::string(static_cast<std::size_t>(content), 'x') +
         R"(","tos":"someone@example.org"})";
}

void bm_mail_request_parse(benchmark::State& state) {
  const std::string json = request_json(state.range(0));
  const MailLimits limits;
  for (auto _ : state) benchmark::DoNotOptimize(parse_mail_request(json, limits));
}
BENCHMARK(bm_mail_request_parse)->Arg(13)->Arg(512);

void bm_mail_body_write(benchmark::State& state) {
  const auto request = std::get<MailRequest>(parse_mail_request(request_json(state.range(0)), MailLimits{}));
  const MessageId id{"345678901234567890"};
  for (auto _ : state) benchmark::DoNotOptimize(write_mail_body(id, request));
}
BENCHMARK(bm_mail_body_write)->Arg(13)->Arg(512);

void bm_mail_body_read(benchmark::State& state) {
  const auto request = std::get<MailRequest>(parse_mail_request(request_json(state.range(0)), MailLimits{}));
  const std::string body = write_mail_body({"345678901234567890"}, request);
  const MailLimits limits;
  for (auto _ : state) benchmark::DoNotOptimize(read_mail_body(body, limits));
}
BENCHMARK(bm_mail_body_read)->Arg(13)->Arg(512);

}  // namespace
}  // namespace waybill
