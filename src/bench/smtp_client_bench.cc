#include "bench/smtp_client_bench.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "bench/cost.h"
#include "bench/sample_mail.h"
#include "bench/smtp_sink.h"
#include "bench/smtp_source.h"
#include "mail/smtp/smtp_transport.h"

namespace waybill::bench {
namespace {

constexpr std::chrono::seconds kArriveMax{10};
constexpr int kMailsPerConnection = 1'000'000;  // smtp-source keeps its connections too

class OpenGate final : public EffectGate {
 public:
  [[nodiscard]] bool begin_effect() override { return true; }
  [[nodiscard]] bool cancelled() const override { return false; }
  void record(std::vector<RecipientRecord> /*recipients*/) override {}
};

Result<smtp::SmtpOptions> options_for(std::uint16_t port, int connections) {
  auto relay = smtp::parse_relay_url("smtp://127.0.0.1:" + std::to_string(port));
  if (!relay.ok()) return relay.error();
  relay->connections_max = connections;
  relay->mails_per_connection = kMailsPerConnection;
  smtp::SmtpOptions options;
  options.relays = {std::move(*relay)};
  return options;
}

std::string reason_of(const HandlerOutcome& outcome) {
  if (const auto* retry = std::get_if<Retry>(&outcome)) return retry->error;
  if (const auto* fail = std::get_if<Fail>(&outcome)) return fail->error;
  const auto* unknown = std::get_if<Unknown>(&outcome);
  return unknown == nullptr ? "" : unknown->detail;
}

/// Brings the mail so many times, by as many threads as there are connections. Errors: kRetry with why one was not
/// delivered, kConflict (interrupted).
Status deliver_all(smtp::SmtpTransport& transport, const MailToDeliver& mail, const SmtpClientOptions& options,
                   const RunWatch& watch) {
  std::atomic<std::int64_t> next{0};
  std::atomic<std::int64_t> done{0};
  std::mutex mutex;
  std::string reason;  // guarded by mutex
  std::vector<std::thread> threads;
  for (int i = 0; i < options.connections; ++i) {
    threads.emplace_back([&] {
      OpenGate gate;
      while (next++ < options.mails && !watch.interrupted()) {
        const auto outcome = transport.deliver(mail, gate);
        if (std::holds_alternative<Done>(outcome)) {
          ++done;
          continue;
        }
        const std::lock_guard lock(mutex);
        reason = reason_of(outcome);
        return;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  if (watch.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
  if (done == options.mails) return ok_status();
  return make_error(ErrorClass::kRetry, "our client delivered only " + std::to_string(done) + " mails of " +
                                            std::to_string(options.mails) + ": " + reason);
}

}  // namespace

Result<Report> run_smtp_client_bench(const std::string& from, const std::string& directory,
                                     const SmtpClientOptions& options, RunWatch& watch) {
  const auto sample = sample_mail(options.size, from);
  if (!sample.ok()) return sample.error();
  auto sink = SmtpSink::start(directory, watch);
  if (!sink.ok()) return sink.error();
  const auto relays = options_for((*sink)->port(), options.connections);
  if (!relays.ok()) return relays.error();
  const MailToDeliver mail{{"1"}, {from, {sample->to}}, sample->bytes};
  const SmtpSourceOptions source{(*sink)->port(), options.mails, options.size, options.connections};
  Cost ours;
  double theirs = 0;
  for (int round = 0; round < options.rounds; ++round) {
    watch.tell("rounds", round, options.rounds);
    const auto took = run_smtp_source(directory, source, watch);
    if (!took.ok()) return took.error();
    theirs = round == 0 ? *took : std::min(theirs, *took);
    Status delivered = ok_status();
    const auto cost = measured([&] {
      smtp::SmtpTransport transport(*relays);
      delivered = deliver_all(transport, mail, options, watch);
    });
    if (!delivered.ok()) return delivered.error();
    if (round == 0 || cost.seconds < ours.seconds) ours = cost;
  }
  const std::int64_t sent = 2 * options.mails * options.rounds;
  if (const auto arrived = (*sink)->await(sent, kArriveMax, watch); !arrived.ok()) return arrived.error();
  const auto taken = (*sink)->mails();
  if (!taken.ok()) return taken.error();

  const auto mails = static_cast<double>(options.mails);
  Report report;
  report.add("mails", options.mails);
  report.add("mail_bytes", static_cast<std::int64_t>(sample->bytes.size()));
  report.add("connections", std::int64_t{options.connections});
  report.add("mails_per_second", mails / ours.seconds);
  report.add("cpu_us_per_mail", ours.cpu_seconds / mails * 1e6);
  report.add("smtp_source_mails_per_second", mails / theirs);
  report.add("ratio_to_smtp_source", theirs / ours.seconds);
  report.add("duplicates", *taken - sent);
  if (*taken != sent) report.add_problem("the sink has " + std::to_string(*taken - sent) + " mails too many");
  return report;
}

}  // namespace waybill::bench
