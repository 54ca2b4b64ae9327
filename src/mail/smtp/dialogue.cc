#include "mail/smtp/dialogue.h"

#include <algorithm>
#include <utility>

namespace waybill::smtp {

Dialogue::Dialogue(Extensions offered, std::string from, std::vector<std::string> to, const WireContent& content,
                   const DialogueOptions& options, MonoTime now)
    : offered_(offered),
      from_(std::move(from)),
      to_(std::move(to)),
      content_(content),
      options_(options),
      settled_(to_.size(), 0),
      reset_next_(options.reset_first) {
  result_.recipients.resize(to_.size());
  refuse_what_cannot_be_carried();
  for (std::size_t place = 0; place < to_.size(); ++place) {
    if (settled_[place] == 0) open_.push_back(place);
  }
  begin_transaction(now);
}

std::string_view Dialogue::to_write() const {
  switch (state_) {
    case State::kCommands:
      return std::string_view(out_).substr(written_);
    case State::kContent:
      return std::string_view(content_.bytes).substr(written_);
    case State::kAskEffect:
    case State::kAfterDot:
    case State::kFinished:
      return {};
  }
  return {};
}

void Dialogue::on_written(std::size_t count, MonoTime now) {
  if (finished()) return;
  written_ += count;
  if (state_ == State::kContent && written_ == content_.bytes.size()) state_ = State::kAfterDot;
  if (to_write().empty()) {
    await_reply(now);
  } else {
    deadline_ = now + options_.timeouts.block;
    if (state_ == State::kContent) deadline_ = std::min(deadline_, content_until_);
  }
}

void Dialogue::on_received(std::string_view bytes, MonoTime now) {
  if (finished()) return;
  parser_.feed(bytes);
  while (!finished() && state_ != State::kAskEffect) {
    auto next = parser_.next();
    if (!next) return confused(next.error().message);
    if (!next->has_value()) return;
    on_reply(**next, now);
  }
  // A whole reply too many was seen above; part of one shows that the server says more than it was asked.
  if (state_ == State::kAskEffect && parser_.has_rest()) confused("it said more than it was asked");
}

void Dialogue::on_effect(bool granted, MonoTime now) {
  if (state_ != State::kAskEffect) return;
  granted_ = granted;
  if (!granted) return stop(Trouble::kNotBegun, "the attempt is no longer ours");
  send_content(now);
}

void Dialogue::on_deadline() {
  if (!finished()) stop(Trouble::kTimeout, "the server did not answer in time");
}

void Dialogue::on_lost(const std::string& why) {
  if (!finished()) stop(Trouble::kLost, "the connection was lost: " + fit_to_show(why));
}

void Dialogue::on_cancelled(MonoTime now) {
  if (finished()) return;
  if (state_ == State::kAfterDot) {
    deadline_ = std::min(deadline_, now + options_.timeouts.cancelled_dot);
  } else {
    stop(Trouble::kCancelled, "the attempt was cancelled");
  }
}

Duration Dialogue::patience() const {
  if (state_ == State::kAfterDot) return options_.timeouts.dot;
  const bool data =
      !unanswered_.empty() && (unanswered_.front().verb == Verb::kData || unanswered_.front().verb == Verb::kLoneDot);
  return data ? options_.timeouts.data : options_.timeouts.command;
}

void Dialogue::send_content(MonoTime now) {
  state_ = State::kContent;
  written_ = 0;
  content_until_ = now + options_.timeouts.content;
  deadline_ = std::min(now + options_.timeouts.block, content_until_);
}

void Dialogue::settle(std::size_t recipient, RecipientFate fate, const Reply& reply) {
  settled_[recipient] = 1;
  result_.recipients[recipient] = {fate, reply.code, reply.enhanced, reply.text};
}

void Dialogue::settle_accepted(RecipientFate fate, const Reply& reply) {
  for (const auto recipient : transaction_.accepted) settle(recipient, fate, reply);
  transaction_.accepted.clear();
}

void Dialogue::closing(const Reply& reply) {
  for (std::size_t place = 0; place < to_.size(); ++place) {
    if (settled_[place] == 0) settle(place, RecipientFate::kTryAgain, reply);
  }
  stop(Trouble::kClosing, to_string(reply));
}

void Dialogue::confused(const std::string& why) {
  // Answers may have been matched to the wrong commands: what they said of single recipients counts no more.
  if (state_ != State::kAfterDot) {
    for (const auto recipient : transaction_.asked) settled_[recipient] = 0;
  }
  stop(Trouble::kConfused, why);
}

void Dialogue::stop(Trouble trouble, const std::string& why) {
  result_.trouble = trouble;
  result_.reason = why;
  if (state_ == State::kAfterDot) {
    settle_accepted(RecipientFate::kUnknown, Reply{0, "", "no answer to the final dot: " + why});
  }
  for (std::size_t place = 0; place < to_.size(); ++place) {
    if (settled_[place] == 0) settle(place, RecipientFate::kTryAgain, Reply{0, "", why});
  }
  state_ = State::kFinished;
}

void Dialogue::finish() {
  result_.reusable = !parser_.has_rest();
  result_.reset_needed = reset_next_;
  state_ = State::kFinished;
}

}  // namespace waybill::smtp
