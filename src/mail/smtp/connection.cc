#include "mail/smtp/connection.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/fault_point.h"
#include "mail/smtp/curl_handle.h"
#include "mail/smtp/reply_parser.h"

namespace waybill::smtp {
namespace {

// How soon a cancel is noticed.
constexpr Duration kGlance(100);

MonoTime now() { return std::chrono::steady_clock::now(); }

}  // namespace

Connection::Connection(std::unique_ptr<Handle> handle, Extensions offered)
    : handle_(std::move(handle)), offered_(offered) {}

Connection::~Connection() {
  if (!usable_) return;
  std::size_t written = 0;
  // A courtesy: the end is an end without it.
  [[maybe_unused]] const auto sent = handle_->send("QUIT\r\n", written);
}

Connection::Opened Connection::open(const RelayOptions& relay, const std::function<bool()>& cancelled) {
  auto handle = std::make_unique<Handle>();
  if (!handle->connect(relay, cancelled)) return handle->failure();
  const Extensions offered = handle->offered();
  return std::unique_ptr<Connection>(new Connection(std::move(handle), offered));
}

bool Connection::alive() {
  std::string_view bytes;
  usable_ = usable_ && handle_->receive(bytes) == Handle::Io::kBlocked;
  return usable_;
}

std::optional<std::string> Connection::probe(Duration patience) {
  constexpr std::string_view kCommand = "NOOP\r\n";
  const auto give_up = now() + patience;
  usable_ = false;  // until the answer is known
  ReplyParser parser;
  std::size_t sent = 0;
  for (bool writing = true; now() < give_up; writing = sent < kCommand.size()) {
    std::size_t count = 0;
    if (writing && handle_->send(kCommand.substr(sent), count) == Handle::Io::kEnded) return handle_->end_reason();
    sent += count;
    std::string_view bytes;
    const auto read = handle_->receive(bytes);
    if (read == Handle::Io::kEnded) return handle_->end_reason();
    parser.feed(bytes);
    const auto reply = parser.next();
    if (!reply) return reply.error().message;
    if (reply->has_value()) {
      usable_ = (*reply)->severity() == 2;
      return usable_ ? std::nullopt : std::optional("it answered NOOP with " + to_string(**reply));
    }
    if (read == Handle::Io::kBlocked) handle_->wait(sent < kCommand.size(), kGlance);
  }
  return "it did not answer NOOP in time";
}

DialogueResult Connection::carry(const std::string& from, const std::vector<std::string>& to,
                                 const WireContent& content, const DialogueOptions& options, const Caller& caller) {
  DialogueOptions mine = options;
  mine.reset_first = reset_needed_;
  Dialogue dialogue(offered_, from, to, content, mine, now());
  talk(dialogue, caller);
  ++mails_;
  usable_ = dialogue.result().reusable;
  reset_needed_ = dialogue.result().reset_needed;
  return dialogue.result();
}

void Connection::talk(Dialogue& dialogue, const Caller& caller) {
  while (!dialogue.finished()) {
    if (dialogue.wants_effect()) {
      const bool granted = caller.may_begin();
      dialogue.on_effect(granted, now());
      continue;
    }
    if (!dialogue.to_write().empty() && write_some(dialogue)) continue;
    if (!dialogue.finished() && read_some(dialogue)) continue;
    if (dialogue.finished()) return;
    if (caller.cancelled()) dialogue.on_cancelled(now());
    if (!dialogue.finished()) wait(dialogue);
    if (!dialogue.finished() && now() >= dialogue.deadline()) dialogue.on_deadline();
  }
}

bool Connection::write_some(Dialogue& dialogue) {
  std::size_t count = 0;
  switch (handle_->send(dialogue.to_write(), count)) {
    case Handle::Io::kDone:
      dialogue.on_written(count, now());
      if (dialogue.dot_out()) crash_point("during_effect");
      return true;
    case Handle::Io::kBlocked:
      return false;
    case Handle::Io::kEnded: {
      const std::string why = handle_->end_reason();
      // The server may have said why before it went.
      while (!dialogue.finished() && read_some(dialogue)) continue;
      dialogue.on_lost(why);
      return true;
    }
  }
  return false;
}

bool Connection::read_some(Dialogue& dialogue) {
  std::string_view bytes;
  switch (handle_->receive(bytes)) {
    case Handle::Io::kDone:
      dialogue.on_received(bytes, now());
      return true;
    case Handle::Io::kBlocked:
      return false;
    case Handle::Io::kEnded:
      dialogue.on_lost(handle_->end_reason());
      return true;
  }
  return false;
}

void Connection::wait(const Dialogue& dialogue) {
  const auto left = std::chrono::ceil<Duration>(dialogue.deadline() - now());
  handle_->wait(!dialogue.to_write().empty(), std::min(left, kGlance));
}

}  // namespace waybill::smtp
