// What the tests of this room share: a scratch directory, a clock in the test's hand, a gate that counts.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/time.h"
#include "mail/transport.h"
#include "ports/handler.h"

namespace waybill {

/// A directory of the test's own, removed at its end.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "waybill-mail-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a scratch directory");
    path_ = name;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

class FixedClock final : public WallClock {
 public:
  [[nodiscard]] WallTime now() const override { return time; }
  WallTime time = from_millis(1'767'225'600'125);  // 2026-01-01T00:00:00.125Z
};

/// Answers begin_effect as it is told, and calls `on_begin` first.
class TestGate final : public EffectGate {
 public:
  [[nodiscard]] bool begin_effect() override {
    ++begun;
    if (on_begin) on_begin();
    return answer;
  }
  [[nodiscard]] bool cancelled() const override { return false; }
  void record(std::vector<RecipientRecord> told) override { recipients = std::move(told); }

  std::vector<RecipientRecord> recipients;
  bool answer = true;
  int begun = 0;
  std::function<void()> on_begin;
};

/// Takes every mail, and answers what it is told to.
class RecordingTransport final : public MailTransport {
 public:
  [[nodiscard]] HandlerOutcome deliver(const MailToDeliver& mail, EffectGate& gate) override {
    if (!begin_mail_effect(gate)) return not_begun();
    mails.push_back(mail);
    return answer;
  }
  std::vector<MailToDeliver> mails;
  HandlerOutcome answer = Done{"somewhere"};
};

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Names in a directory, in no order.
inline std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path)) names.push_back(entry.path().filename());
  return names;
}

}  // namespace waybill
