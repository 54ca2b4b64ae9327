#include "api/http_connection.h"

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"

// GCC 12 takes the frames of Asio's coroutines, which have operators new and delete of their own, for a mismatched
// pair.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace waybill::api {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::string_view kComponent = "http";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
// Endpoints keep the request's deadline by themselves; the server steps in only when one did not.
constexpr Duration kAnswerSlack{250};
constexpr Duration kLingerDeadline{1'000};
constexpr std::size_t kLingerBytesMax = 1U << 20U;
// Of the memory for an answer, what an idle connection keeps.
constexpr std::size_t kKeptBytesMax = 16U << 10U;

MonoTime mono_now() { return std::chrono::steady_clock::now(); }

auto into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

class Connection final : public HttpConnection {
 public:
  Connection(HttpShared& server, tcp::socket socket, std::uint64_t id, bool one_too_many)
      : server_(server),
        socket_(std::move(socket)),
        wake_(socket_.get_executor(), MonoTime::max()),
        reader_(server.options.limits),
        id_(id),
        one_too_many_(one_too_many) {}
  ~Connection() override { count_body(0); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start(std::function<void(const std::exception_ptr&)> ended) override {
    asio::co_spawn(socket_.get_executor(), run(), std::move(ended));
  }
  void deliver(std::uint64_t ticket, HttpResponse response) override;
  void end_if_due(MonoTime now) override;
  void end_if_idle() override;
  void end_now() override;

 private:
  enum class Phase { kIdle, kHeader, kBody, kHandling, kWriting, kLingering };
  enum class Read { kRequest, kRefused, kGone };

  awaitable<void> run();
  Duration limit_of(Phase phase) const;
  void enter(Phase phase);
  void cancel_waiting();
  awaitable<Read> read_request();
  Read refuse(HttpError error);
  std::optional<HttpError> admit();
  bool count_body(std::size_t bytes);
  awaitable<HttpResponse> ask_endpoint();
  awaitable<bool> write(const HttpResponse& response, bool keep_alive);
  awaitable<bool> write_bytes(std::string_view bytes);
  awaitable<void> linger();

  HttpShared& server_;
  tcp::socket socket_;
  asio::steady_timer wake_;
  RequestReader reader_;
  Router::Match match_;
  HttpError refusal_;
  std::optional<HttpResponse> answer_;
  std::string out_;
  MonoTime deadline_ = MonoTime::max();
  std::size_t counted_bytes_ = 0;
  std::uint64_t ticket_ = 0;  // of the request whose answer is awaited
  const std::uint64_t id_;
  Phase phase_ = Phase::kIdle;
  const bool one_too_many_;
  bool overdue_ = false;  // the phase's deadline has passed
  bool ended_ = false;
};

Duration Connection::limit_of(Phase phase) const {
  switch (phase) {
    case Phase::kIdle:
      return server_.options.idle_limit;
    case Phase::kHeader:
      return server_.options.header_deadline;
    case Phase::kBody:
      return server_.options.body_deadline;
    case Phase::kHandling:
      return server_.options.request_deadline + kAnswerSlack;
    case Phase::kWriting:
      return server_.options.write_deadline;
    case Phase::kLingering:
      return kLingerDeadline;
  }
  std::abort();
}

void Connection::enter(Phase phase) {
  phase_ = phase;
  overdue_ = false;
  deadline_ = mono_now() + limit_of(phase);
}

void Connection::end_if_due(MonoTime now) {
  // Again at every sweep: what had completed when it was cancelled begins its next part after that.
  if (now < deadline_ && !ended_) return;
  overdue_ = overdue_ || now >= deadline_;
  cancel_waiting();
}

void Connection::end_if_idle() {
  if (phase_ == Phase::kIdle || phase_ == Phase::kLingering) end_now();
}

void Connection::end_now() {
  ended_ = true;
  cancel_waiting();
}

void Connection::cancel_waiting() {
  error_code ignored;  // cancelling what has completed already is no failure: the flags are looked at afterwards
  socket_.cancel(ignored);
  wake_.cancel(ignored);
}

void Connection::deliver(std::uint64_t ticket, HttpResponse response) {
  if (ticket != ticket_ || answer_) return;
  answer_ = std::move(response);
  error_code ignored;  // as above
  wake_.cancel(ignored);
}

awaitable<void> Connection::run() {
  bool keep_alive = true;
  bool read_all = true;
  while (keep_alive) {
    HttpResponse response;
    switch (co_await read_request()) {
      case Read::kGone:
        co_return;
      case Read::kRefused:
        read_all = reader_.complete();
        response = server_.gate.refuse(reader_.request(), refusal_);
        break;
      case Read::kRequest:
        response = co_await ask_endpoint();
        break;
    }
    keep_alive = read_all && reader_.keep_alive() && !server_.draining && !one_too_many_;
    if (!co_await write(response, keep_alive)) co_return;
    if (!keep_alive) break;
    reader_.next();
    count_body(0);
  }
  reader_.next();
  count_body(0);
  if (!read_all) co_await linger();
}

awaitable<Connection::Read> Connection::read_request() {
  enter(reader_.started() ? Phase::kHeader : Phase::kIdle);
  if (server_.draining && !reader_.started()) co_return Read::kGone;
  while (true) {
    switch (reader_.advance()) {
      case RequestReader::Step::kComplete:
        if (!count_body(reader_.body_bytes())) co_return refuse(unavailable("too many large requests at once"));
        co_return Read::kRequest;
      case RequestReader::Step::kRefused:
        co_return refuse(reader_.refusal());
      case RequestReader::Step::kHeader:
        if (auto error = admit()) co_return refuse(std::move(*error));
        enter(Phase::kBody);
        if (reader_.expects_continue() && reader_.body_may_come() && !co_await write_bytes(kContinue))
          co_return Read::kGone;
        continue;
      case RequestReader::Step::kNeedMore:
        if (!count_body(reader_.body_bytes())) co_return refuse(unavailable("too many large requests at once"));
        break;
    }
    error_code error;
    const auto room = reader_.prepare();
    const auto bytes = co_await socket_.async_read_some(asio::buffer(room.data(), room.size()), into(error));
    if (ended_ || (error && !overdue_)) co_return Read::kGone;
    if (overdue_) {
      if (!reader_.started()) co_return Read::kGone;
      co_return refuse(HttpError{408, "the request did not arrive in time"});
    }
    if (!reader_.started()) enter(Phase::kHeader);
    reader_.commit(bytes);
  }
}

Connection::Read Connection::refuse(HttpError error) {
  refusal_ = std::move(error);
  return Read::kRefused;
}

std::optional<HttpError> Connection::admit() {
  if (one_too_many_) return unavailable("too many connections; try again");
  auto found = server_.gate.admit(reader_.request());
  if (auto* error = std::get_if<HttpError>(&found)) return std::move(*error);
  match_ = std::move(std::get<Router::Match>(found));
  if (const auto most = match_.entry->body_bytes_max; most > 0) reader_.limit_body(most);
  return std::nullopt;
}

// The share of this request in what all requests may hold; false if that is too much.
bool Connection::count_body(std::size_t bytes) {
  server_.bodies_bytes = server_.bodies_bytes - counted_bytes_ + bytes;
  counted_bytes_ = bytes;
  return bytes == 0 || server_.bodies_bytes <= server_.options.bodies_bytes_max;
}

awaitable<HttpResponse> Connection::ask_endpoint() {
  enter(Phase::kHandling);
  HttpRequest& request = reader_.request();
  request.path_values = std::move(match_.path_values);
  request.deadline = deadline_ - kAnswerSlack;
  answer_.reset();
  const std::uint64_t ticket = ++ticket_;
  const ErrorForm form = match_.entry->form;
  try {
    match_.entry->endpoint->handle(request, [mailbox = server_.mailbox, id = id_, ticket](HttpResponse response) {
      mailbox->put({id, ticket, std::move(response)});
    });
  } catch (const std::exception& exception) {
    log_event(LogLevel::kError, kComponent, "endpoint failed",
              {{"pattern", match_.entry->pattern}, {"error", exception.what()}});
    answer_ = to_response(form, failed_endpoint());
  }
  while (!answer_ && !overdue_ && !ended_) {
    error_code cancelled;  // the flags say why
    co_await wake_.async_wait(into(cancelled));
  }
  ++ticket_;  // whatever arrives now is late
  if (!answer_) co_return to_response(form, late_answer(match_.entry->endpoint->in_doubt_advice()));
  co_return std::move(*answer_);
}

awaitable<bool> Connection::write(const HttpResponse& response, bool keep_alive) {
  if (ended_) co_return false;
  enter(Phase::kWriting);
  out_.clear();
  ResponseFraming framing{server_.date.now(), keep_alive};
  framing.announce_alive = keep_alive && reader_.is_http_1_0();
  framing.without_body = reader_.request().method == HttpMethod::kHead;
  write_response(response, framing, out_);
  const bool written = co_await write_bytes(out_);
  if (out_.capacity() > kKeptBytesMax) std::string().swap(out_);
  co_return written;
}

awaitable<bool> Connection::write_bytes(std::string_view bytes) {
  // Nearly always the kernel takes it all at once, and no event is needed.
  error_code error;
  const std::size_t written = socket_.write_some(asio::buffer(bytes), error);
  if (written == bytes.size()) co_return true;
  if (error && error != asio::error::would_block) co_return false;
  bytes.remove_prefix(written);
  co_await asio::async_write(socket_, asio::buffer(bytes), into(error));
  co_return !error && !overdue_ && !ended_;
}

// A connection closed with bytes unread is reset, and the client may lose the answer: so they are read away first.
awaitable<void> Connection::linger() {
  enter(Phase::kLingering);
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  for (std::size_t left = kLingerBytesMax; !error && !overdue_ && !ended_;) {
    std::array<char, 4096> rest;
    const auto bytes = co_await socket_.async_read_some(asio::buffer(rest), into(error));
    if (bytes >= left) break;
    left -= bytes;
  }
}

}  // namespace

std::shared_ptr<HttpConnection> make_http_connection(HttpShared& shared, TcpSocket socket, std::uint64_t id,
                                                     bool one_too_many) {
  return std::make_shared<Connection>(shared, std::move(socket), id, one_too_many);
}

}  // namespace waybill::api
