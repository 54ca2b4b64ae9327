#include "api/http_server.h"

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "api/accept_trouble.h"
#include "api/answer_mailbox.h"
#include "api/http_connection.h"
#include "api/listen_address.h"
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
constexpr Duration kAcceptPause{20};

MonoTime mono_now() { return std::chrono::steady_clock::now(); }

auto into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpOptions options, Router router) : shared_(std::move(options), std::move(router)) {}

  Status start();
  void stop();
  std::uint16_t port() const { return port_; }

 private:
  awaitable<void> accept_all();
  awaitable<void> pause_accepting();
  void open_session(tcp::socket socket);
  void close_session(std::uint64_t id, const std::exception_ptr& exception);
  void deliver_answers();
  void schedule_sweep();
  void begin_drain();
  void end_drain_if_empty();
  void run();

  std::uint16_t port_ = 0;  // constant once started

  // Of the server's thread.
  HttpShared shared_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  asio::steady_timer sweep_timer_{io_};
  asio::steady_timer pause_timer_{io_};
  asio::steady_timer grace_timer_{io_};
  std::unordered_map<std::uint64_t, std::shared_ptr<HttpConnection>> sessions_;
  std::vector<AnswerMailbox::Item> arrived_;
  std::uint64_t last_session_ = 0;
  AcceptTrouble trouble_;
  bool sweeping_ = false;

  std::mutex stop_mutex_;
  std::thread thread_;  // guarded by stop_mutex_
};

Status HttpServer::Impl::start() {
  const auto numeric = check_listen_address(shared_.options.address, !shared_.options.tokens.empty());
  if (!numeric) return numeric.error();
  const tcp::endpoint endpoint(asio::ip::make_address(numeric.value()), shared_.options.port);
  error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) port_ = acceptor_.local_endpoint(error).port();
  if (error) return listen_error(shared_.options.address, shared_.options.port, error.value());

  shared_.mailbox = std::make_shared<AnswerMailbox>([this] { asio::post(io_, [this] { deliver_answers(); }); });
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
  shared_.mailbox->close();
}

void HttpServer::Impl::stop() {
  const std::lock_guard lock(stop_mutex_);
  if (!thread_.joinable()) return;
  asio::post(io_, [this] { begin_drain(); });
  thread_.join();
}

void HttpServer::Impl::begin_drain() {
  shared_.draining = true;
  error_code ignored;  // nothing is to be done about a socket that does not close cleanly
  acceptor_.close(ignored);
  pause_timer_.cancel(ignored);
  for (const auto& [_, session] : sessions_) session->end_if_idle();
  grace_timer_.expires_after(shared_.options.stop_grace);
  grace_timer_.async_wait([this](const error_code& cancelled) {
    if (cancelled) return;
    for (const auto& [_, session] : sessions_) session->end_now();
  });
  end_drain_if_empty();
}

void HttpServer::Impl::end_drain_if_empty() {
  if (!shared_.draining || !sessions_.empty()) return;
  grace_timer_.cancel();
  sweep_timer_.cancel();
}

awaitable<void> HttpServer::Impl::accept_all() {
  while (!shared_.draining) {
    if (sessions_.size() >= shared_.options.connections_max + shared_.options.refused_max) {
      co_await pause_accepting();
      continue;
    }
    error_code error;
    tcp::socket socket = co_await acceptor_.async_accept(into(error));
    if (shared_.draining) break;
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
  const bool one_too_many = sessions_.size() >= shared_.options.connections_max;
  auto session = make_http_connection(shared_, std::move(socket), id, one_too_many);
  sessions_.emplace(id, session);
  session->start([this, id](const std::exception_ptr& exception) { close_session(id, exception); });
  schedule_sweep();
}

void HttpServer::Impl::close_session(std::uint64_t id, const std::exception_ptr& exception) {
  sessions_.erase(id);
  end_drain_if_empty();
  if (exception) std::rethrow_exception(exception);
}

void HttpServer::Impl::deliver_answers() {
  shared_.mailbox->take(arrived_);
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
  const Duration shortest =
      std::min({shared_.options.idle_limit, shared_.options.header_deadline, shared_.options.body_deadline,
                shared_.options.write_deadline, shared_.options.request_deadline});
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
