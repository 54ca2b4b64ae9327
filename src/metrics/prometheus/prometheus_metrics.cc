#include "metrics/prometheus/prometheus_metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <sstream>
#include <utility>
#include <vector>

#include "core/delivery_state.h"
#include "metrics/prometheus/process_usage.h"

namespace waybill {
namespace {

using Families = std::vector<prometheus::MetricFamily>;
using prometheus::ClientMetric;
using prometheus::MetricType;

// Those of one name stand together (ports/metrics.h), so only the last family can be the one.
prometheus::MetricFamily& family_of(Families& families, std::string_view name, std::string_view help, MetricType type) {
  if (families.empty() || families.back().name != name) {
    families.push_back({std::string(name), std::string(help), type, {}});
  }
  return families.back();
}

ClientMetric& metric_of(Families& families, const MetricName& name, MetricType type) {
  ClientMetric& metric = family_of(families, name.name, name.help, type).metric.emplace_back();
  if (!name.label.empty()) metric.label.push_back({std::string(name.label), std::string(name.value)});
  return metric;
}

void add_gauge(Families& families, const MetricName& name, double value) {
  metric_of(families, name, MetricType::Gauge).gauge.value = value;
}

void add_counter(Families& families, const MetricName& name, double value) {
  metric_of(families, name, MetricType::Counter).counter.value = value;
}

void add_distribution(Families& families, Measure measure, const Distribution::Snapshot& seen) {
  auto& histogram = metric_of(families, name_of(measure), MetricType::Histogram).histogram;
  histogram.sample_count = seen.count;
  histogram.sample_sum = seen.sum;
  std::uint64_t up_to_here = 0;
  std::size_t bucket = 0;
  for (const double bound : buckets_of(measure)) {
    up_to_here += seen.counts[bucket++];
    histogram.bucket.push_back({up_to_here, bound});
  }
}

// Zero while there is none, so that an alarm needs no rule for a series that is missing.
double age_in_seconds(const LogStats& stats, State state) {
  const auto index = static_cast<std::size_t>(state);
  if (index >= stats.oldest_by_state.size() || !stats.oldest_by_state[index]) return 0;
  const Duration age = stats.store_now - *stats.oldest_by_state[index];
  return std::max(0.0, std::chrono::duration<double>(age).count());
}

void add_backlog(Families& families, const LogStats& stats) {
  for (const State state : kAllStates) {
    const auto index = static_cast<std::size_t>(state);
    const auto rows = index < stats.rows_by_state.size() ? stats.rows_by_state[index] : 0;
    add_gauge(families, {"waybill_messages", "Messages in the log, by state.", "state", to_string(state)},
              static_cast<double>(rows));
  }
  for (const State state : kAllStates) {
    if (state == State::kConsumed || state == State::kCancelled) continue;
    add_gauge(families,
              {"waybill_oldest_message_age_seconds",
               "Time since the oldest message of the state was accepted; 0: none.", "state", to_string(state)},
              age_in_seconds(stats, state));
  }
  add_gauge(families, {"waybill_stored_lapses", "Lapses counted in the messages that the log holds."},
            static_cast<double>(stats.lapses));
  add_gauge(families, {"waybill_stored_unknowns", "Unknown outcomes counted in the messages that the log holds."},
            static_cast<double>(stats.unknowns));
}

// A second label tells the relay.
struct RelaySeries {
  MetricName name;
  MetricType type;
  double (*value)(const RelayFigures&);
};

template <auto Member>
double figure(const RelayFigures& figures) {
  return static_cast<double>(figures.*Member);
}

void add_relays(Families& families, const std::vector<RelayFigures>& relays) {
  constexpr std::string_view kRecipients = "Recipients of mails, by what the relay said of them.";
  constexpr std::string_view kFailures = "How often a relay could not be used, by the reason.";
  constexpr std::string_view kOutcomes = "waybill_smtp_recipients_total";
  constexpr std::string_view kReasons = "waybill_smtp_relay_failures_total";
  static const std::array<RelaySeries, 9> kSeries = {{
      {{"waybill_smtp_relay_open", "1 while mails go to the relay, 0 while it cannot be used.", "", ""},
       MetricType::Gauge,
       figure<&RelayFigures::open>},
      {{"waybill_smtp_relay_connections", "Open connections to the relay.", "", ""},
       MetricType::Gauge,
       figure<&RelayFigures::connections>},
      {{kOutcomes, kRecipients, "outcome", "delivered"}, MetricType::Counter, figure<&RelayFigures::delivered>},
      {{kOutcomes, kRecipients, "outcome", "tried_again"}, MetricType::Counter, figure<&RelayFigures::tried_again>},
      {{kOutcomes, kRecipients, "outcome", "refused"}, MetricType::Counter, figure<&RelayFigures::refused>},
      {{kOutcomes, kRecipients, "outcome", "unknown"}, MetricType::Counter, figure<&RelayFigures::unknown>},
      {{kReasons, kFailures, "reason", "unreachable"}, MetricType::Counter, figure<&RelayFigures::unreachable>},
      {{kReasons, kFailures, "reason", "tls"}, MetricType::Counter, figure<&RelayFigures::tls_failures>},
      {{kReasons, kFailures, "reason", "login"}, MetricType::Counter, figure<&RelayFigures::login_failures>},
  }};
  for (const RelaySeries& series : kSeries) {
    for (const RelayFigures& relay : relays) {
      ClientMetric& metric = metric_of(families, series.name, series.type);
      metric.label.push_back({"relay", relay.relay});
      (series.type == MetricType::Gauge ? metric.gauge.value : metric.counter.value) = series.value(relay);
    }
  }
}

void add_process(Families& families, const BuildInfo& build) {
  add_gauge(families, {"waybill_build_info", "1, with the version of the program.", "version", build.version}, 1);
  const ProcessUsage usage = read_process_usage();
  add_counter(families, {"process_cpu_seconds_total", "CPU time used, user and system."}, usage.cpu_seconds);
  add_gauge(families, {"process_start_time_seconds", "When the process started, since the epoch."},
            static_cast<double>(to_millis(build.started)) / 1e3);
  if (usage.resident_bytes) {
    add_gauge(families, {"process_resident_memory_bytes", "Memory in use."},
              static_cast<double>(*usage.resident_bytes));
  }
  if (usage.open_files) {
    add_gauge(families, {"process_open_fds", "Open files, connections among them."},
              static_cast<double>(*usage.open_files));
  }
  add_gauge(families, {"process_max_fds", "Files that may be open."}, static_cast<double>(usage.open_files_max));
}

}  // namespace

void PrometheusMetrics::add(Count what, std::uint64_t times) {
  counts_[static_cast<std::size_t>(what)].value.fetch_add(times, std::memory_order_relaxed);
}

void PrometheusMetrics::observe(Measure what, double value) {
  measures_[static_cast<std::size_t>(what)].observe(buckets_of(what), value);
}

std::string PrometheusMetrics::render(const std::optional<LogStats>& stats) {
  Families families;
  for (std::size_t i = 0; i < kCounts; ++i) {
    add_counter(families, name_of(static_cast<Count>(i)),
                static_cast<double>(counts_[i].value.load(std::memory_order_relaxed)));
  }
  for (std::size_t i = 0; i < kMeasures; ++i) {
    add_distribution(families, static_cast<Measure>(i), measures_[i].snapshot());
  }
  add_gauge(families, {"waybill_log_up", "1 while the message log answers, else 0 and no backlog is known."},
            stats ? 1 : 0);
  if (stats) add_backlog(families, *stats);
  if (look_at_relays_) add_relays(families, look_at_relays_());
  add_process(families, build_);
  std::ostringstream page;
  prometheus::TextSerializer().Serialize(page, families);
  return std::move(page).str();
}

}  // namespace waybill
