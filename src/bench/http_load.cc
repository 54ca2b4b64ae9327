#include "bench/http_load.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <memory>
#include <optional>
#include <vector>

#include "bench/answer_reader.h"
#include "bench/loopback.h"

namespace waybill::bench {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr auto kAnswerMax = 15s;  // longer than the server's own deadlines
constexpr auto kPauseMax = 1'000ms;
constexpr auto kPauseUntold = 100ms;
constexpr auto kLook = 100ms;
constexpr int kReconnectsMax = 1'000;
constexpr int kConnectionBroke = 0;

MonoTime now() { return std::chrono::steady_clock::now(); }

double thread_cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

struct Connection {
  std::optional<FileDescriptor> socket;
  AnswerReader reader;
  std::size_t sent = 0;  // bytes of the request
  MonoTime asked;
  bool asking = false;   // a request is under way
  bool blocked = false;  // waits for room in the socket
  MonoTime resume_at{};  // after a 503; not asking
};

/// All connections of one load. Phases: warm-up, measured, ending (what is under way is answered).
class Generator {
 public:
  Generator(const HttpLoadOptions& options, RunWatch& watch)
      : options_(options),
        watch_(watch),
        poll_(::epoll_create1(EPOLL_CLOEXEC)),
        connections_(static_cast<std::size_t>(options.connections)) {}

  Result<HttpLoadResult> run();

 private:
  enum class Phase { kWarmUp, kMeasured, kEnding };
  Status open(std::size_t index);
  Status reopen(std::size_t index);
  void turn_phase(MonoTime at);
  Status work(Duration most);
  Status on_event(std::size_t index, unsigned events);
  [[nodiscard]] bool all_asked() const { return options_.requests_max > 0 && asked_ >= options_.requests_max; }
  /// The next request of a connection that waits for none, if there is one.
  Status ask(std::size_t index);
  Status send_more(std::size_t index);
  Status receive(std::size_t index);
  Status on_answer(std::size_t index, const HttpAnswer& answer);
  Status resume_paused(MonoTime at);
  void want_room(std::size_t index, bool wanted);

  const HttpLoadOptions& options_;
  RunWatch& watch_;
  FileDescriptor poll_;
  std::vector<Connection> connections_;
  std::array<char, 64U << 10U> bytes_{};
  Phase phase_ = Phase::kWarmUp;
  MonoTime phase_end_;
  MonoTime measured_from_;
  double cpu_from_ = 0;
  std::vector<double> latencies_ms_;
  std::int64_t asked_ = 0;
  std::int64_t asking_ = 0;
  std::int64_t paused_ = 0;
  int reconnects_ = 0;
  HttpLoadResult result_;
};

Result<HttpLoadResult> Generator::run() {
  if (poll_.get() < 0) return make_error(ErrorClass::kRetry, "cannot make an epoll instance");
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    if (Status opened = open(i); !opened.ok()) return opened.error();
  }
  phase_end_ = now() + options_.warm_up;
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    if (Status asked = ask(i); !asked.ok()) return asked.error();
  }
  while (phase_ != Phase::kEnding || (asking_ > 0 && now() < phase_end_)) {
    if (watch_.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
    const MonoTime at = now();
    turn_phase(at);
    if (Status resumed = resume_paused(at); !resumed.ok()) return resumed.error();
    if (Status worked = work(paused_ > 0 ? 5ms : Duration(kLook)); !worked.ok()) return worked.error();
    watch_.tell("http: messages accepted", result_.accepted, 0);
  }
  result_.in_doubt += asking_ * options_.messages;
  result_.latency_ms = spread_of(std::move(latencies_ms_));
  return std::move(result_);
}

void Generator::turn_phase(MonoTime at) {
  const bool all_answered = phase_ == Phase::kMeasured && all_asked() && asking_ == 0;
  if (at < phase_end_ && !all_answered) return;
  if (phase_ == Phase::kWarmUp) {
    phase_ = Phase::kMeasured;
    measured_from_ = at;
    phase_end_ = at + options_.measured;
    cpu_from_ = thread_cpu_seconds();
    if (options_.on_begin) options_.on_begin();
  } else if (phase_ == Phase::kMeasured) {
    phase_ = Phase::kEnding;
    phase_end_ = at + kAnswerMax;
    result_.seconds = std::chrono::duration<double>(at - measured_from_).count();
    result_.client_cpu_seconds = thread_cpu_seconds() - cpu_from_;
    if (options_.on_end) options_.on_end();
  }
}

Status Generator::open(std::size_t index) {
  auto socket = connect_to(options_.port);
  if (!socket.ok()) return socket.error();
  Connection& connection = connections_[index];
  connection.socket.emplace(std::move(*socket));
  connection.reader.reset();
  connection.blocked = false;
  epoll_event event{EPOLLIN, {.u64 = index}};
  if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, connection.socket->get(), &event) != 0) {
    return file_error("watch", "a connection", errno);
  }
  return ok_status();
}

Status Generator::reopen(std::size_t index) {
  Connection& connection = connections_[index];
  if (connection.asking) {
    ++result_.errors[kConnectionBroke];
    result_.in_doubt += options_.messages;
    connection.asking = false;
    --asking_;
  }
  if (++reconnects_ > kReconnectsMax) return make_error(ErrorClass::kRetry, "the server keeps closing connections");
  connection.socket.reset();  // which also ends its place in epoll
  if (Status opened = open(index); !opened.ok()) return opened;
  return phase_ == Phase::kEnding ? ok_status() : ask(index);
}

Status Generator::work(Duration most) {
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(poll_.get(), events.data(), events.size(), static_cast<int>(most.count()));
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (Status done = on_event(event.data.u64, event.events); !done.ok()) return done;
  }
  return ok_status();
}

Status Generator::on_event(std::size_t index, unsigned events) {
  if ((events & EPOLLOUT) != 0 && connections_[index].blocked) {
    if (Status sent = send_more(index); !sent.ok()) return sent;
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) return receive(index);
  return ok_status();
}

Status Generator::ask(std::size_t index) {
  if (all_asked()) return ok_status();
  ++asked_;
  Connection& connection = connections_[index];
  connection.asking = true;
  connection.sent = 0;
  connection.asked = now();
  ++asking_;
  return send_more(index);
}

Status Generator::send_more(std::size_t index) {
  Connection& connection = connections_[index];
  const std::string_view rest = std::string_view(options_.request).substr(connection.sent);
  const auto sent = ::send(connection.socket->get(), rest.data(), rest.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return reopen(index);
  if (sent > 0) connection.sent += static_cast<std::size_t>(sent);
  want_room(index, connection.sent < options_.request.size());
  return ok_status();
}

void Generator::want_room(std::size_t index, bool wanted) {
  Connection& connection = connections_[index];
  if (connection.blocked == wanted) return;
  connection.blocked = wanted;
  epoll_event event{EPOLLIN | (wanted ? EPOLLOUT : 0U), {.u64 = index}};
  // It fails only for a descriptor that is not there.
  static_cast<void>(::epoll_ctl(poll_.get(), EPOLL_CTL_MOD, connection.socket->get(), &event));
}

Status Generator::receive(std::size_t index) {
  Connection& connection = connections_[index];
  const auto got = ::recv(connection.socket->get(), bytes_.data(), bytes_.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return ok_status();
  if (got <= 0) return reopen(index);
  connection.reader.append({bytes_.data(), static_cast<std::size_t>(got)});
  const auto answer = connection.reader.read();
  if (connection.reader.broken()) return make_error(ErrorClass::kRetry, "what the server answers cannot be read");
  if (!answer) return ok_status();
  if (!connection.asking) return make_error(ErrorClass::kRetry, "the server answered what nobody asked");
  return on_answer(index, *answer);
}

Status Generator::on_answer(std::size_t index, const HttpAnswer& answer) {
  Connection& connection = connections_[index];
  const MonoTime at = now();
  connection.asking = false;
  --asking_;
  if (answer.status == 200) {
    const std::int64_t accepted = options_.messages == 1 ? 1 : accepted_in(answer.body);
    result_.accepted += accepted;
    if (phase_ == Phase::kMeasured) {
      ++result_.requests;
      result_.messages += accepted;
      latencies_ms_.push_back(std::chrono::duration<double, std::milli>(at - connection.asked).count());
    }
  } else {
    ++result_.errors[answer.status];
  }
  const int status = answer.status;
  const Duration told = std::chrono::seconds(answer.retry_after_s);
  const bool close = answer.close;
  connection.reader.drop();
  if (close) return reopen(index);
  if (phase_ == Phase::kEnding) return ok_status();
  if (status == 503) {
    --asked_;  // it is asked again
    connection.resume_at = at + std::min<Duration>(kPauseMax, told > Duration{0} ? told : Duration(kPauseUntold));
    ++paused_;
    return ok_status();
  }
  return ask(index);
}

Status Generator::resume_paused(MonoTime at) {
  if (paused_ == 0) return ok_status();
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    Connection& connection = connections_[i];
    if (connection.resume_at == MonoTime{} || connection.resume_at > at) continue;
    connection.resume_at = {};
    --paused_;
    if (connection.asking || phase_ == Phase::kEnding) continue;
    if (Status asked = ask(i); !asked.ok()) return asked;
  }
  return ok_status();
}

}  // namespace

// Each accepted one of the answer has a member "duplicate", each refused one an "error".
std::int64_t accepted_in(std::string_view bulk_answer) {
  constexpr std::string_view kMember = "\"duplicate\":";
  std::int64_t count = 0;
  for (auto at = bulk_answer.find(kMember); at != std::string_view::npos;
       at = bulk_answer.find(kMember, at + kMember.size())) {
    ++count;
  }
  return count;
}

Result<HttpLoadResult> run_http_load(const HttpLoadOptions& options, RunWatch& watch) {
  const auto generator = std::make_unique<Generator>(options, watch);  // too large for a stack
  return generator->run();
}

}  // namespace waybill::bench
