#include "api/http_server.h"

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include "api/accept_trouble.h"
#include "api/answer_mailbox.h"
#include "api/listen_address.h"
#include "api/request_gate.h"
#include "api/response_text.h"
#include "base/fail_stop.h"
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
constexpr Duration kAcceptPause{20};
// Of the memory for an answer, what an idle connection keeps.
constexpr std::size_t kKeptBytesMax = 16U << 10U;

MonoTime mono_now() { return std::chrono::steady_clock::now(); }

auto into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpOptions options, Router router) : options_(std::move(options)), gate_(std::move(router), options_.tokens) {}

  Status start();
  void stop();
  std::uint16_t port() const { return port_; }

 private:
  class Session;

  awaitable<void> accept_all();
  awaitable<void> pause_accepting();
  void open_session(tcp::socket socket);
  void close_session(std::uint64_t id, const std::exception_ptr& exception);
  void deliver_answers();
  void schedule_sweep();
  void begin_drain();
  void end_drain_if_empty();
  void run();

  // Constant once started.
  const HttpOptions options_;
  const RequestGate gate_;
  std::uint16_t port_ = 0;
  std::shared_ptr<AnswerMailbox> mailbox_;

  // Of the server's thread.
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  asio::steady_timer sweep_timer_{io_};
  asio::steady_timer pause_timer_{io_};
  asio::steady_timer grace_timer_{io_};
  std::unordered_map<std::uint64_t, std::shared_ptr<Session>> sessions_;
  std::vector<AnswerMailbox::Item> arrived_;
  std::uint64_t last_session_ = 0;
  std::size_t bodies_bytes_ = 0;
  AcceptTrouble trouble_;
  bool sweeping_ = false;
  bool draining_ = false;
  HttpDate date_;

  std::mutex stop_mutex_;
  std::thread thread_;  // guarded by stop_mutex_
};

// One connection. Its coroutine, the sweep and the mailbox all run on the server's thread.
class HttpServer::Impl::Session {
 public:
  Session(Impl& server, tcp::socket socket, std::uint64_t id, bool one_too_many)
      : server_(server),
        socket_(std::move(socket)),
        wake_(server.io_, MonoTime::max()),
        reader_(server.options_.limits),
        id_(id),
        one_too_many_(one_too_many) {}
  ~Session() { count_body(0); }

  awaitable<void> run();
  void deliver(std::uint64_t ticket, HttpResponse response);
  void end_if_due(MonoTime now);
  /// The server stops: nothing new begins here.
  void end_if_idle();
  void end_now();

 private:
  enum class Phase { kIdle, kHeader, kBody, kHandling, kWriting, kLingering };
  enum class Read { kRequest, kRefused, kGone };

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

  Impl& server_;
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

// ---- one connection -----------------------------------------------------------------------------------------------

Duration HttpServer::Impl::Session::limit_of(Phase phase) const {
  switch (phase) {
    case Phase::kIdle:
      return server_.options_.idle_limit;
    case Phase::kHeader:
      return server_.options_.header_deadline;
    case Phase::kBody:
      return server_.options_.body_deadline;
    case Phase::kHandling:
      return server_.options_.request_deadline + kAnswerSlack;
    case Phase::kWriting:
      return server_.options_.write_deadline;
    case Phase::kLingering:
      return kLingerDeadline;
  }
  std::abort();
}

void HttpServer::Impl::Session::enter(Phase phase) {
  phase_ = phase;
  overdue_ = false;
  deadline_ = mono_now() + limit_of(phase);
}

void HttpServer::Impl::Session::end_if_due(MonoTime now) {
  // Again at every sweep: what had completed when it was cancelled begins its next part after that.
  if (now < deadline_ && !ended_) return;
  overdue_ = overdue_ || now >= deadline_;
  cancel_waiting();
}

void HttpServer::Impl::Session::end_if_idle() {
  if (phase_ == Phase::kIdle || phase_ == Phase::kLingering) end_now();
}

void HttpServer::Impl::Session::end_now() {
  ended_ = true;
  cancel_waiting();
}

void HttpServer::Impl::Session::cancel_waiting() {
  error_code ignored;  // cancelling what has completed already is no failure: the flags are looked at afterwards
  socket_.cancel(ignored);
  wake_.cancel(ignored);
}

void HttpServer::Impl::Session::deliver(std::uint64_t ticket, HttpResponse response) {
  if (ticket != ticket_ || answer_) return;
  answer_ = std::move(response);
  error_code ignored;  // as above
  wake_.cancel(ignored);
}

awaitable<void> HttpServer::Impl::Session::run() {
  bool keep_alive = true;
  bool read_all = true;
  while (keep_alive) {
    HttpResponse response;
    switch (co_await read_request()) {
      case Read::kGone:
        co_return;
      case Read::kRefused:
        read_all = reader_.complete();
        response = server_.gate_.refuse(reader_.request(), refusal_);
        break;
      case Read::kRequest:
        response = co_await ask_endpoint();
        break;
    }
    keep_alive = read_all && reader_.keep_alive() && !server_.draining_ && !one_too_many_;
    if (!co_await write(response, keep_alive)) co_return;
    if (!keep_alive) break;
    reader_.next();
    count_body(0);
  }
  reader_.next();
  count_body(0);
  if (!read_all) co_await linger();
}

awaitable<HttpServer::Impl::Session::Read> HttpServer::Impl::Session::read_request() {
  enter(reader_.started() ? Phase::kHeader : Phase::kIdle);
  if (server_.draining_ && !reader_.started()) co_return Read::kGone;
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

HttpServer::Impl::Session::Read HttpServer::Impl::Session::refuse(HttpError error) {
  refusal_ = std::move(error);
  return Read::kRefused;
}

std::optional<HttpError> HttpServer::Impl::Session::admit() {
  if (one_too_many_) return unavailable("too many connections; try again");
  auto found = server_.gate_.admit(reader_.request());
  if (auto* error = std::get_if<HttpError>(&found)) return std::move(*error);
  match_ = std::move(std::get<Router::Match>(found));
  if (const auto most = match_.entry->body_bytes_max; most > 0) reader_.limit_body(most);
  return std::nullopt;
}

// The share of this request in what all requests may hold; false if that is too much.
bool HttpServer::Impl::Session::count_body(std::size_t bytes) {
  server_.bodies_bytes_ = server_.bodies_bytes_ - counted_bytes_ + bytes;
  counted_bytes_ = bytes;
  return bytes == 0 || server_.bodies_bytes_ <= server_.options_.bodies_bytes_max;
}

awaitable<HttpResponse> HttpServer::Impl::Session::ask_endpoint() {
  enter(Phase::kHandling);
  HttpRequest& request = reader_.request();
  request.path_values = std::move(match_.path_values);
  request.deadline = deadline_ - kAnswerSlack;
  answer_.reset();
  const std::uint64_t ticket = ++ticket_;
  const ErrorForm form = match_.entry->form;
  try {
    match_.entry->endpoint->handle(request, [mailbox = server_.mailbox_, id = id_, ticket](HttpResponse response) {
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

awaitable<bool> HttpServer::Impl::Session::write(const HttpResponse& response, bool keep_alive) {
  if (ended_) co_return false;
  enter(Phase::kWriting);
  out_.clear();
  ResponseFraming framing{server_.date_.now(), keep_alive};
  framing.announce_alive = keep_alive && reader_.is_http_1_0();
  framing.without_body = reader_.request().method == HttpMethod::kHead;
  write_response(response, framing, out_);
  const bool written = co_await write_bytes(out_);
  if (out_.capacity() > kKeptBytesMax) std::string().swap(out_);
  co_return written;
}

awaitable<bool> HttpServer::Impl::Session::write_bytes(std::string_view bytes) {
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
awaitable<void> HttpServer::Impl::Session::linger() {
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

// ---- the server ---------------------------------------------------------------------------------------------------

Status HttpServer::Impl::start() {
  const auto numeric = check_listen_address(options_.address, !options_.tokens.empty());
  if (!numeric) return numeric.error();
  const tcp::endpoint endpoint(asio::ip::make_address(numeric.value()), options_.port);
  error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) port_ = acceptor_.local_endpoint(error).port();
  if (error) return listen_error(options_.address, options_.port, error.value());

  mailbox_ = std::make_shared<AnswerMailbox>([this] { asio::post(io_, [this] { deliver_answers(); }); });
  asio::co_spawn(io_, accept_all(), [](const std::exception_ptr& exception) {
    if (exception) std::rethrow_exception(exception);
  });
  const std::lock_guard lock(stop_mutex_);
  thread_ = std::thread([this] { run_or_abort("http", [this] { run(); }); });
  return ok_status();
}

void HttpServer::Impl::run() {
  while (true) {
    try {
      io_.run();
      break;
    } catch (const std::exception& exception) {
      log_event(LogLevel::kError, kComponent, "a connection failed", {{"error", exception.what()}});
    } catch (...) {
      log_event(LogLevel::kError, kComponent, "a connection failed", {{"error", "not a std::exception"}});
    }
  }
  mailbox_->close();
}

void HttpServer::Impl::stop() {
  const std::lock_guard lock(stop_mutex_);
  if (!thread_.joinable()) return;
  asio::post(io_, [this] { begin_drain(); });
  thread_.join();
}

void HttpServer::Impl::begin_drain() {
  draining_ = true;
  error_code ignored;  // nothing is to be done about a socket that does not close cleanly
  acceptor_.close(ignored);
  pause_timer_.cancel(ignored);
  for (const auto& [_, session] : sessions_) session->end_if_idle();
  grace_timer_.expires_after(options_.stop_grace);
  grace_timer_.async_wait([this](const error_code& cancelled) {
    if (cancelled) return;
    for (const auto& [_, session] : sessions_) session->end_now();
  });
  end_drain_if_empty();
}

void HttpServer::Impl::end_drain_if_empty() {
  if (!draining_ || !sessions_.empty()) return;
  grace_timer_.cancel();
  sweep_timer_.cancel();
}

awaitable<void> HttpServer::Impl::accept_all() {
  while (!draining_) {
    if (sessions_.size() >= options_.connections_max + options_.refused_max) {
      co_await pause_accepting();
      continue;
    }
    error_code error;
    tcp::socket socket = co_await acceptor_.async_accept(into(error));
    if (draining_) break;
    if (error == asio::error::connection_aborted) continue;
    if (error) {
      trouble_.on_failure(error.message(), mono_now());
      schedule_sweep();
      co_await pause_accepting();
      continue;
    }
    try {
      open_session(std::move(socket));
    } catch (const std::exception& exception) {
      // Out of memory for one connection; the others go on.
      log_event(LogLevel::kError, kComponent, "dropped a connection", {{"error", exception.what()}});
    }
  }
}

awaitable<void> HttpServer::Impl::pause_accepting() {
  error_code cancelled;  // by begin_drain, which the caller sees
  pause_timer_.expires_after(kAcceptPause);
  co_await pause_timer_.async_wait(into(cancelled));
}

void HttpServer::Impl::open_session(tcp::socket socket) {
  error_code error;
  socket.non_blocking(true, error);
  if (!error) socket.set_option(tcp::no_delay(true), error);
  if (error) return;  // the client has gone already
  const std::uint64_t id = ++last_session_;
  const bool one_too_many = sessions_.size() >= options_.connections_max;
  auto session = std::make_shared<Session>(*this, std::move(socket), id, one_too_many);
  sessions_.emplace(id, session);
  asio::co_spawn(io_, session->run(),
                 [this, id](const std::exception_ptr& exception) { close_session(id, exception); });
  schedule_sweep();
}

void HttpServer::Impl::close_session(std::uint64_t id, const std::exception_ptr& exception) {
  sessions_.erase(id);
  end_drain_if_empty();
  if (exception) std::rethrow_exception(exception);
}

void HttpServer::Impl::deliver_answers() {
  mailbox_->take(arrived_);
  for (auto& item : arrived_) {
    const auto found = sessions_.find(item.session);
    if (found != sessions_.end()) found->second->deliver(item.ticket, std::move(item.response));
  }
  arrived_.clear();
}

// One timer looks at all deadlines: arming one for every read and write would cost more than the request.
void HttpServer::Impl::schedule_sweep() {
  if (sweeping_ || (sessions_.empty() && !trouble_.lasts())) return;
  sweeping_ = true;
  const Duration shortest = std::min({options_.idle_limit, options_.header_deadline, options_.body_deadline,
                                      options_.write_deadline, options_.request_deadline});
  sweep_timer_.expires_after(std::clamp(shortest / 10, Duration(5), Duration(100)));
  sweep_timer_.async_wait([this](const error_code& cancelled) {
    sweeping_ = false;
    if (cancelled) return;
    const MonoTime now = mono_now();
    for (const auto& [_, session] : sessions_) session->end_if_due(now);
    trouble_.on_tick(now);
    schedule_sweep();
  });
}

HttpServer::HttpServer(HttpOptions options, Router router)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(router))) {}
HttpServer::~HttpServer() { stop(); }
Status HttpServer::start() { return impl_->start(); }
std::uint16_t HttpServer::bound_port() const { return impl_->port(); }
void HttpServer::stop() { impl_->stop(); }

}  // namespace waybill::api
