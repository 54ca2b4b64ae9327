// A mail server for tests that answers as it is told: on 127.0.0.1, a thread for each connection. What nothing is told
// about it does as a good server would, and keeps the mails it took.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace waybill::smtp {

/// What the peer does instead of its usual answer.
struct PeerAction {
  std::string say;
  enum class Then {
    kGoOn,
    kClose,    ///< ends the connection
    kHang,     ///< says nothing more until the other side ends it
    kDribble,  ///< like kGoOn, but says it a byte at a time
    kTrickle,  ///< likewise, so slowly that nobody waits for its end
  } then = Then::kGoOn;
};

struct PeerMail {
  std::string from;             ///< MAIL's line
  std::vector<std::string> to;  ///< lines of the accepted RCPTs
  std::string content;          ///< with dots as they were on the wire, without the last
};

class ScriptedPeer {
 public:
  explicit ScriptedPeer(std::vector<std::string> keywords = {"PIPELINING", "8BITMIME", "SIZE 1000000"});
  ~ScriptedPeer();
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  /// At the next occurrence of a verb (`CONNECT`, `EHLO`, `AUTH`, `MAIL`, `RCPT`, `DATA`, `.`, `RSET`) that nothing
  /// earlier was told about. Of `RCPT TO:<x>` also by the whole line.
  void next(const std::string& verb, const PeerAction& action);
  /// At every occurrence from now on, after what next() told.
  void always(const std::string& verb, const PeerAction& action);
  void forget();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] std::vector<PeerMail> mails() const;
  /// All lines that came, of all connections; of contents the last dot alone.
  [[nodiscard]] std::vector<std::string> lines() const;
  /// Waits until it has read such a line. False after 10 s.
  [[nodiscard]] bool heard(const std::string& line);
  /// Ends all connections, now.
  void cut();

 private:
  class Session;
  void listen();
  void accept_all();
  [[nodiscard]] PeerAction action_for(const std::string& verb, const std::string& line, const std::string& usual);
  void note_line(const std::string& line);
  void note_mail(const PeerMail& mail);

  const std::vector<std::string> keywords_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::condition_variable noted_;
  std::map<std::string, std::deque<PeerAction>> next_;
  std::map<std::string, PeerAction> always_;
  std::vector<PeerMail> mails_;
  std::vector<std::string> lines_;
  std::vector<int> sockets_;  // of open connections
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace waybill::smtp
