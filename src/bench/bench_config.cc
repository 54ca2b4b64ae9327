#include "bench/bench_config.h"

namespace waybill::bench {

std::vector<std::pair<std::string, std::string>> keys_of(const OwnPlaces& places) {
  const auto& [directory, log_url, relay] = places;
  return {{"instance.name", "bench"},
          {"data.dir", directory},
          {"message_log.url", log_url.empty() ? "sqlite:" + directory + "/waybill.db" : log_url},
          {"mail.maildir", directory + "/mail"},
          {"mail.journal", ""},
          {"mail.smtp.relays", relay},
          {"mail.smtp.password", ""},
          {"mail.exchange", "waybill.bench"},
          {"mail.routing_key", "waybill.bench"},
          {"mail.queue", std::string(kBenchQueue)},
          {"mail.more_routes", ""},
          {"dead_letter.exchange", "waybill.bench.dead"},
          {"dead_letter.queue", "waybill.bench.dead"},
          {"http.listen", "127.0.0.1:0"},
          {"log.level", "warning"}};
}

Result<app::Config> load_in(app::ConfigSources sources, const OwnPlaces& places) {
  for (const auto& [key, value] : keys_of(places)) sources.flags.push_back({key, value, "bench"});
  auto loaded = app::load_config(sources);
  if (!loaded.ok()) return loaded.error();
  return std::move(loaded->config);
}

}  // namespace waybill::bench
