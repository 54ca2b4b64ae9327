#include "broker/rabbitmq/link.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <utility>

#include "base/log.h"

namespace waybill::rabbitmq {
namespace {

constexpr const char* kComponent = "rabbitmq";
/// A connection that lasted so long was a good one.
constexpr Duration kLasting{5'000};
/// The same reason is told again after this long.
constexpr Duration kTellAgain{60'000};
constexpr std::size_t kReasonsMax = 64;

}  // namespace

struct Link::Pause {
  boost::asio::steady_timer timer;
};

Link::Link(const LinkBase& base, std::string purpose, ConnectionRole& role, Hooks hooks)
    : base_(base),
      purpose_(std::move(purpose)),
      role_(role),
      hooks_(std::move(hooks)),
      plan_(base.options),
      random_(std::random_device{}()),
      pause_(std::make_unique<Pause>(Pause{boost::asio::steady_timer(base.io.context())})) {}

Link::~Link() {
  *alive_ = false;
  if (connection_) connection_->drop();
}

void Link::start() { connect(); }

void Link::connect() {
  since_ = std::chrono::steady_clock::now();
  const RabbitMqAddress& address = base_.options.url.addresses[plan_.address()];
  connection_ =
      Connection::open(base_.io.context(), {base_.options, base_.tls, address}, role_,
                       {hooks_.after_turn, hooks_.on_unsent, [this](const ConnectionEnd& end) { on_end(end); }});
}

void Link::act(const std::function<void(MonoTime, Turn&)>& action) {
  // It may end, and be let go of, in the middle of its turn.
  if (const auto connection = connection_) connection->act(action);
}

void Link::on_end(const ConnectionEnd& end) {
  connection_.reset();
  if (on_closed_) return std::exchange(on_closed_, nullptr)();
  if (std::chrono::steady_clock::now() > since_ + kLasting) {
    plan_.succeeded();
    told_.clear();
  }
  tell(end);
  const auto attempt = plan_.next(std::uniform_real_distribution<double>(0, 1)(random_));
  pause_->timer.expires_after(attempt.pause);
  pause_->timer.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) connect();
  });
}

void Link::tell(const ConnectionEnd& end) {
  const MonoTime now = std::chrono::steady_clock::now();
  const auto [told, first] = told_.emplace(end.reason, now);
  if (!first && now < told->second + kTellAgain) return;
  told->second = now;
  if (told_.size() > kReasonsMax) told_.clear();
  log_event(end.kind == ConnectionEnd::Kind::kRefused ? LogLevel::kError : LogLevel::kWarning, kComponent,
            "no connection to the broker: it is tried again", {{"purpose", purpose_}, {"reason", end.reason}});
}

void Link::close(std::function<void()> done) {
  *alive_ = false;
  if (!connection_) return done();
  on_closed_ = std::move(done);
  const auto connection = connection_;
  connection->close();
}

}  // namespace waybill::rabbitmq
