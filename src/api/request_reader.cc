#include "api/request_reader.h"

#include <algorithm>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace waybill::api {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;

// A string that grows with what arrives. Beast's own takes memory for all that is announced, which a client may leave
// it at.
struct GrowingBody {
  using value_type = std::string;  // NOLINT(readability-identifier-naming): Beast asks for it by this name
  static std::uint64_t size(const value_type& body) { return body.size(); }

  class reader {  // NOLINT(readability-identifier-naming): likewise
   public:
    template <bool kIsRequest, class Fields>
    reader(http::header<kIsRequest, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>& announced, beast::error_code& error) {
      error = {};
      if (announced) body_.reserve(std::min<std::uint64_t>(*announced, kReservedBytesMax));
    }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, beast::error_code& error) {
      error = {};
      std::size_t bytes = 0;
      for (const auto buffer : beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
        bytes += buffer.size();
      }
      return bytes;
    }
    void finish(beast::error_code& error) { error = {}; }

   private:
    static constexpr std::uint64_t kReservedBytesMax = 1U << 20U;
    value_type& body_;
  };
};

using Parser = http::request_parser<GrowingBody>;

constexpr std::size_t kReadBytesSmall = 4U << 10U;
constexpr std::size_t kReadBytesLarge = 16U << 10U;

std::string_view view_of(beast::string_view text) { return {text.data(), text.size()}; }

HttpMethod method_of(http::verb verb) {
  if (verb == http::verb::post) return HttpMethod::kPost;
  if (verb == http::verb::get) return HttpMethod::kGet;
  if (verb == http::verb::head) return HttpMethod::kHead;
  return HttpMethod::kOther;
}

// `http://host/path?query` is as good as `/path?query` (RFC 9112, 3.2.2).
std::string_view origin_form(std::string_view target) {
  if (!equal_ignoring_case(target.substr(0, 7), "http://")) return target;
  const auto path = target.find_first_of("/?", 7);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

}  // namespace

struct RequestReader::Impl {
  explicit Impl(const ReaderLimits& reader_limits)
      : limits(reader_limits), buffer(reader_limits.header_bytes + kReadBytesLarge) {
    restart();
  }

  void restart() {
    if (buffer.size() == 0 && buffer.capacity() > kReadBytesLarge) buffer.shrink_to_fit();
    parser.emplace();
    parser->header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    parser->body_limit(boost::none);  // it is looked at when the header is here
    body_bytes = limits.body_bytes;
    request.headers.clear();
    request.path_values.clear();
    request.path = request.query = request.body = {};
    request.method = HttpMethod::kOther;
    header_bytes = 0;
    header_told = false;
    body_limited = false;
    refused = false;
  }

  Step refuse(int status, std::string message) {
    read_target();
    refused = true;
    refusal = HttpError{status, std::move(message)};
    return Step::kRefused;
  }

  Step refuse(beast::error_code error) {
    if (error == http::error::header_limit) return refuse_header();
    if (error == http::error::body_limit) return refuse_body();
    return refuse(400, "the request is not HTTP/1.1: " + error.message());
  }

  Step refuse_body() { return refuse(413, "the body is larger than " + std::to_string(body_bytes) + " bytes"); }

  [[nodiscard]] bool body_may_come() const {
    const auto announced = parser->content_length();
    return !announced || *announced <= body_bytes;
  }

  Step refuse_header() {
    return refuse(431, "the headers are larger than " + std::to_string(limits.header_bytes) + " bytes");
  }

  void read_target() {
    request.method = method_of(parser->get().method());
    const std::string_view target = origin_form(view_of(parser->get().target()));
    const auto mark = target.find('?');
    request.path = target.substr(0, mark);
    request.query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  }

  // Beyond the parser's own checks: whatever two parties could read differently is refused (RFC 9112, 3.2 and 6.1).
  [[nodiscard]] const char* ambiguity() const {
    const auto& fields = parser->get();
    const bool old = fields.version() < 11;
    const auto hosts = fields.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && !old)) return "a request carries exactly one Host header";
    const auto encodings = fields.count(http::field::transfer_encoding);
    if (encodings == 0) return nullptr;
    if (fields.count(http::field::content_length) > 0) return "Content-Length and Transfer-Encoding exclude each other";
    const bool chunked = beast::iequals(fields[http::field::transfer_encoding], "chunked");
    if (encodings > 1 || !chunked || old) return "the only transfer encoding taken is 'chunked', in HTTP/1.1";
    return nullptr;
  }

  Step tell_header() {
    header_told = true;
    read_target();
    for (const auto& field : parser->get()) {
      request.headers.emplace_back(view_of(field.name_string()), view_of(field.value()));
    }
    if (const char* why = ambiguity()) return refuse(400, why);
    return Step::kHeader;
  }

  // The parser bounds what it waits for, not what it has taken already; together they are what the client sent.
  [[nodiscard]] bool header_too_large() const {
    return header_bytes > limits.header_bytes ||
           (!parser->is_header_done() && header_bytes + buffer.size() > limits.header_bytes);
  }

  Step advance() {
    while (true) {
      if (parser->is_header_done() && !header_told) return tell_header();
      if (header_told && !body_limited) {
        if (!body_may_come()) return refuse_body();
        parser->body_limit(body_bytes);  // once: the parser counts it down, chunk by chunk
        body_limited = true;
      }
      if (parser->is_done()) {
        request.body = parser->get().body();
        return Step::kComplete;
      }
      if (buffer.size() == 0) return Step::kNeedMore;

      beast::error_code error;
      const bool in_header = !parser->is_header_done();
      const std::size_t taken = parser->put(buffer.data(), error);
      buffer.consume(taken);
      if (in_header) header_bytes += taken;
      if (header_too_large()) return refuse_header();
      if (error == http::error::need_more) {
        if (buffer.size() == buffer.max_size()) return refuse(400, "a chunk's header or the trailer is too long");
        return Step::kNeedMore;
      }
      if (error) return refuse(error);
    }
  }

  const ReaderLimits limits;
  beast::flat_buffer buffer;
  std::optional<Parser> parser;
  HttpRequest request;
  HttpError refusal;
  std::size_t header_bytes = 0;
  std::size_t body_bytes = 0;  // the most
  bool header_told = false;
  bool body_limited = false;
  bool refused = false;
};

RequestReader::RequestReader(const ReaderLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestReader::~RequestReader() = default;

std::span<char> RequestReader::prepare() {
  auto& buffer = impl_->buffer;
  const std::size_t wanted = impl_->parser->is_header_done() ? kReadBytesLarge : kReadBytesSmall;
  const auto room = buffer.prepare(std::min(wanted, buffer.max_size() - buffer.size()));
  return {static_cast<char*>(room.data()), room.size()};
}

void RequestReader::commit(std::size_t bytes) { impl_->buffer.commit(bytes); }
RequestReader::Step RequestReader::advance() { return impl_->advance(); }
void RequestReader::limit_body(std::size_t bytes) { impl_->body_bytes = bytes; }
bool RequestReader::body_may_come() const { return impl_->body_may_come(); }
void RequestReader::next() { impl_->restart(); }

bool RequestReader::started() const { return impl_->parser->got_some() || impl_->buffer.size() > 0; }
HttpRequest& RequestReader::request() { return impl_->request; }
const HttpError& RequestReader::refusal() const { return impl_->refusal; }
std::size_t RequestReader::body_bytes() const { return impl_->parser->get().body().size(); }
bool RequestReader::keep_alive() const { return impl_->parser->keep_alive(); }
bool RequestReader::is_http_1_0() const { return impl_->parser->get().version() < 11; }
bool RequestReader::complete() const { return impl_->parser->is_done() && !impl_->refused; }

bool RequestReader::expects_continue() const {
  const auto& message = impl_->parser->get();
  return !complete() && !is_http_1_0() && impl_->buffer.size() == 0 &&
         beast::iequals(message[http::field::expect], "100-continue");
}

}  // namespace waybill::api
