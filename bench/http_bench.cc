// One request read and one answer written, without sockets.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "api/request_reader.h"
#include "api/response_text.h"

namespace waybill::api {
namespace {

std::string sample_request(std::int64_t content) {
  const std::string body = R"({"subject":"Greetings","content":")" +
                           std::string(static_cast<std::size_t>(content), 'x') + R"(","tos":"someone@example.org"})";
  return "POST /mail/send/v2 HTTP/1.1\r\nHost: 127.0.0.1:8420\r\nUser-Agent: bench\r\nAccept: */*\r\n"
         "Content-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// False if it does not end in a whole request.
bool read_one(RequestReader& reader, std::string_view bytes) {
  while (true) {
    const auto step = reader.advance();
    if (step == RequestReader::Step::kComplete) return true;
    if (step == RequestReader::Step::kRefused) return false;
    if (step == RequestReader::Step::kHeader) continue;
    const auto room = reader.prepare();
    const std::size_t count = std::min(room.size(), bytes.size());
    if (count == 0) return false;
    std::copy_n(bytes.begin(), count, room.begin());
    reader.commit(count);
    bytes.remove_prefix(count);
  }
}

void bm_request_read(benchmark::State& state) {
  const std::string bytes = sample_request(state.range(0));
  RequestReader reader{ReaderLimits{}};
  for (auto _ : state) {
    if (!read_one(reader, bytes)) state.SkipWithError("not a request");
    benchmark::DoNotOptimize(reader.request());
    reader.next();
  }
}
BENCHMARK(bm_request_read)->Arg(13)->Arg(512);

void bm_response_write(benchmark::State& state) {
  HttpResponse response;
  response.body = R"({"code":0,"msg":"成功","data":{"msgId":"345678901234567890"}})";
  HttpDate date;
  std::string out;
  for (auto _ : state) {
    out.clear();
    write_response(response, {.date = date.now()}, out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(bm_response_write);

}  // namespace
}  // namespace waybill::api
