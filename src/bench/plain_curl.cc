#include "bench/plain_curl.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

namespace waybill::bench {
namespace {

constexpr long kTransferMaxMs = 60'000;

std::size_t read_content(char* into, std::size_t size, std::size_t count, void* rest) {
  auto& left = *static_cast<std::string_view*>(rest);
  const std::size_t taken = std::min(left.size(), size * count);
  std::memcpy(into, left.data(), taken);
  left.remove_prefix(taken);
  return taken;
}

/// One connection; libcurl keeps it from one mail to the next.
class PlainSender {
 public:
  explicit PlainSender(const PlainCurlOptions& options)
      : content_(options.content), to_(::curl_slist_append(nullptr, "<b@example.org>")), easy_(::curl_easy_init()) {
    const std::string url = "smtp://127.0.0.1:" + std::to_string(options.port) + "/localhost";
    ::curl_easy_setopt(easy_, CURLOPT_URL, url.c_str());
    ::curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    ::curl_easy_setopt(easy_, CURLOPT_PROXY, "");
    ::curl_easy_setopt(easy_, CURLOPT_MAIL_FROM, "<a@example.org>");
    ::curl_easy_setopt(easy_, CURLOPT_MAIL_RCPT, to_);
    ::curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
    ::curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, kTransferMaxMs);
    ::curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &read_content);
    ::curl_easy_setopt(easy_, CURLOPT_READDATA, static_cast<void*>(&left_));
    ::curl_easy_setopt(easy_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(content_.size()));
  }
  ~PlainSender() {
    ::curl_easy_cleanup(easy_);
    ::curl_slist_free_all(to_);
  }
  PlainSender(const PlainSender&) = delete;
  PlainSender& operator=(const PlainSender&) = delete;

  CURLcode send() {
    left_ = content_;
    return ::curl_easy_perform(easy_);
  }

 private:
  const std::string_view content_;
  curl_slist* const to_;
  CURL* const easy_;
  std::string_view left_;
};

}  // namespace

Result<double> run_plain_curl(const PlainCurlOptions& options, RunWatch& watch) {
  ::curl_global_init(CURL_GLOBAL_DEFAULT);
  std::atomic<std::int64_t> next{0};
  std::atomic<CURLcode> failure{CURLE_OK};
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < options.connections; ++i) {
    threads.emplace_back([&] {
      PlainSender sender(options);
      while (next++ < options.mails && failure == CURLE_OK && !watch.interrupted()) {
        if (const auto code = sender.send(); code != CURLE_OK) failure = code;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (watch.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
  if (failure != CURLE_OK)
    return make_error(ErrorClass::kRetry,
                      std::string("the plain loop of libcurl failed: ") + ::curl_easy_strerror(failure));
  return took.count();
}

}  // namespace waybill::bench
