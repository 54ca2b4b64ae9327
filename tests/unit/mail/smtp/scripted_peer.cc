#include "tests/unit/mail/smtp/scripted_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>

namespace waybill::smtp {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);
constexpr int kTrickleMs = 200;  // between two bytes

}  // namespace

// One connection, on its thread.
class ScriptedPeer::Session {
 public:
  Session(ScriptedPeer& peer, int socket) : peer_(peer), socket_(socket) {}

  void run() {
    if (!answer("CONNECT", "", "220 peer ESMTP\r\n")) return;
    while (const auto line = read_line()) {
      peer_.note_line(*line);
      if (!on_line(*line)) return;
    }
  }

 private:
  bool on_line(const std::string& line) {
    const std::string verb = line.substr(0, 4);
    if (verb == "EHLO") return answer(verb, line, greeting());
    if (verb == "AUTH") return log_in(line);
    if (verb == "MAIL") {
      mail_ = {};
      if (!answer(verb, line, "250 2.1.0 sender ok\r\n")) return false;
      if (said_.starts_with("2")) mail_.from = line;
      return true;
    }
    if (verb == "RCPT") {
      if (mail_.from.empty()) return send("503 5.5.1 MAIL first\r\n");
      if (!answer(verb, line, "250 2.1.5 recipient ok\r\n")) return false;
      if (said_.starts_with("2")) mail_.to.push_back(line);
      return true;
    }
    if (verb == "DATA") {
      if (!answer(verb, line, mail_.to.empty() ? "554 5.5.1 no valid recipients\r\n" : "354 go on\r\n")) return false;
      return !said_.starts_with("354") || take_content();
    }
    if (verb == "RSET") mail_ = {};
    if (verb == "RSET") return answer(verb, line, "250 2.0.0 ok\r\n");
    if (verb == "NOOP") return answer(verb, line, "250 2.0.0 ok\r\n");
    if (verb == "QUIT") return false;
    return answer(verb, line, "500 5.5.2 what\r\n");
  }

  bool take_content() {
    std::string content;
    for (;;) {
      const auto line = read_line();
      if (!line) return false;
      if (*line == ".") break;
      content += *line + "\r\n";
    }
    peer_.note_line(".");
    mail_.content = content;
    const auto action = peer_.action_for(".", "", "250 2.0.0 taken\r\n");
    const bool taken = action.say.starts_with("2") &&
                       (action.then == PeerAction::Then::kGoOn || action.then == PeerAction::Then::kDribble);
    if (taken) peer_.note_mail(mail_);  // before the other side knows
    if (!perform(action)) return false;
    mail_ = {};
    return true;
  }

  // Whoever comes with any secret is let in: AUTH decides, and is told after the secret has come.
  bool log_in(const std::string& line) {
    const auto words = std::count(line.begin(), line.end(), ' ');
    for (int rounds = line.starts_with("AUTH LOGIN") ? 2 : 1; rounds > (words > 1 ? 1 : 0); --rounds) {
      if (!send("334 VXNlcm5hbWU6\r\n")) return false;
      const auto secret = read_line();
      if (!secret) return false;
      peer_.note_line(*secret);
    }
    return answer("AUTH", line, "235 2.7.0 welcome\r\n");
  }

  [[nodiscard]] std::string greeting() const {
    std::string text = "250";
    for (const auto& keyword : peer_.keywords_) text += (text.size() == 3 ? "-peer\r\n250-" : "\r\n250-") + keyword;
    if (peer_.keywords_.empty()) return "250 peer\r\n";
    text[text.rfind("250-") + 3] = ' ';
    return text + "\r\n";
  }

  // False: the connection is over.
  bool answer(const std::string& verb, const std::string& line, const std::string& usual) {
    return perform(peer_.action_for(verb, line, usual));
  }

  bool perform(const PeerAction& action) {
    said_ = action.say;
    if (action.then == PeerAction::Then::kDribble || action.then == PeerAction::Then::kTrickle) {
      for (const char c : action.say) {
        if (!send(std::string(1, c))) return false;
        pollfd other{socket_, POLLRDHUP, 0};
        if (action.then == PeerAction::Then::kTrickle && ::poll(&other, 1, kTrickleMs) > 0) return false;
      }
      return true;
    }
    if (!action.say.empty() && !send(action.say)) return false;
    if (action.then == PeerAction::Then::kHang) {
      while (const auto heard = read_line()) peer_.note_line(*heard);
      return false;
    }
    return action.then == PeerAction::Then::kGoOn;
  }

  bool send(const std::string& text) {
    return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }

  std::optional<std::string> read_line() {
    for (;;) {
      const auto end = buffer_.find("\r\n");
      if (end != std::string::npos) {
        const std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 2);
        return line;
      }
      char bytes[4'096];
      const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
      if (count <= 0) return std::nullopt;
      buffer_.append(bytes, static_cast<std::size_t>(count));
    }
  }

  ScriptedPeer& peer_;
  const int socket_;
  std::string buffer_;
  std::string said_;
  PeerMail mail_;
};

ScriptedPeer::ScriptedPeer(std::vector<std::string> keywords) : keywords_(std::move(keywords)) {
  listen();
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedPeer::~ScriptedPeer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  cut();
  for (auto& thread : threads_) thread.join();
  ::close(listener_);
}

void ScriptedPeer::listen() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("the scripted peer cannot listen");
  }
  port_ = ntohs(address.sin_port);
}

void ScriptedPeer::accept_all() {
  while (!stopping_) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const int one = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);  // dribbled bytes travel alone
    ++connections_;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] {
      Session(*this, socket).run();
      const std::lock_guard ending(mutex_);
      std::erase(sockets_, socket);
      ::close(socket);
    });
  }
}

void ScriptedPeer::next(const std::string& verb, const PeerAction& action) {
  const std::lock_guard lock(mutex_);
  next_[verb].push_back(action);
}

void ScriptedPeer::always(const std::string& verb, const PeerAction& action) {
  const std::lock_guard lock(mutex_);
  always_[verb] = action;
}

void ScriptedPeer::forget() {
  const std::lock_guard lock(mutex_);
  next_.clear();
  always_.clear();
}

PeerAction ScriptedPeer::action_for(const std::string& verb, const std::string& line, const std::string& usual) {
  const std::lock_guard lock(mutex_);
  for (const auto& key : {line, verb}) {
    if (auto& queue = next_[key]; !queue.empty()) {
      const auto action = queue.front();
      queue.pop_front();
      return action;
    }
    if (const auto found = always_.find(key); found != always_.end()) return found->second;
  }
  return {usual};
}

void ScriptedPeer::note_line(const std::string& line) {
  const std::lock_guard lock(mutex_);
  lines_.push_back(line);
  noted_.notify_all();
}

void ScriptedPeer::note_mail(const PeerMail& mail) {
  const std::lock_guard lock(mutex_);
  mails_.push_back(mail);
}

std::vector<PeerMail> ScriptedPeer::mails() const {
  const std::lock_guard lock(mutex_);
  return mails_;
}

std::vector<std::string> ScriptedPeer::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

bool ScriptedPeer::heard(const std::string& line) {
  std::unique_lock lock(mutex_);
  return noted_.wait_for(lock, kPatience,
                         [&] { return std::find(lines_.begin(), lines_.end(), line) != lines_.end(); });
}

void ScriptedPeer::cut() {
  const std::lock_guard lock(mutex_);
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
}

}  // namespace waybill::smtp
