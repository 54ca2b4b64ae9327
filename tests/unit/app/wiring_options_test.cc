#include "app/wiring_options.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "app/config_load.h"

namespace waybill::app {
namespace {

// Every key set to something that is not its default.
Config unusual() {
  ConfigSources sources;
  sources.file = "/dev/null";  // so that no file of the working directory is read
  for (const auto& [key, text] : std::vector<std::pair<std::string, std::string>>{{"http.listen", "127.0.0.2:1234"},
                                                                                  {"http.token", "0123456789abcdef"},
                                                                                  {"http.max_body", "2MiB"},
                                                                                  {"http.max_headers", "32KiB"},
                                                                                  {"http.max_connections", "7"},
                                                                                  {"http.max_pending_bodies", "8MiB"},
                                                                                  {"http.header_deadline", "1s"},
                                                                                  {"http.body_deadline", "2s"},
                                                                                  {"http.answer_deadline", "3s"},
                                                                                  {"http.write_deadline", "4s"},
                                                                                  {"http.idle_deadline", "6s"},
                                                                                  {"broker.queue_max", "77"},
                                                                                  {"mail.from", "me@example.org"},
                                                                                  {"mail.exchange", "e"},
                                                                                  {"mail.routing_key", "k"},
                                                                                  {"mail.queue", "q"},
                                                                                  {"mail.more_routes", "e/k2,f/k3"},
                                                                                  {"dead_letter.exchange", "dx"},
                                                                                  {"dead_letter.queue", "dq"},
                                                                                  {"publish.grace", "3s"},
                                                                                  {"publish.confirm_deadline", "1s"},
                                                                                  {"publish.backoff", "600ms"},
                                                                                  {"publish.backoff_max", "2m"},
                                                                                  {"publish.body_max", "300KiB"},
                                                                                  {"redeliver.poll", "300ms"},
                                                                                  {"worker.lease", "20s"},
                                                                                  {"worker.concurrency", "5"},
                                                                                  {"worker.max_concurrency", "17"},
                                                                                  {"worker.prefetch", "100"},
                                                                                  {"worker.max_bodies", "50MiB"},
                                                                                  {"worker.handler_deadline", "2m"},
                                                                                  {"worker.effect_deadline", "3m"},
                                                                                  {"worker.retry", "fixed 4 9000"},
                                                                                  {"worker.crash_limit", "6"},
                                                                                  {"worker.unknown", "hold"},
                                                                                  {"prune.age", "8d"},
                                                                                  {"shutdown.grace", "4s"}}) {
    sources.flags.push_back({key, text, "test"});
  }
  auto loaded = load_config(sources);
  if (!loaded.ok()) ADD_FAILURE() << loaded.error().message;
  return loaded->config;
}

const Owner kOwner{"host-1", BootNonce{7}};

TEST(WiringOptionsTest, TheEngineGetsWhatWasConfigured) {
  const auto options = engine_options(unusual(), kOwner, "log-a");
  EXPECT_EQ(options.owner, kOwner);
  EXPECT_EQ(options.log_identity, "log-a");
  EXPECT_EQ(options.publisher.grace, Duration(3'000));
  EXPECT_EQ(options.publisher.confirm_deadline, Duration(1'000));
  EXPECT_EQ(options.publisher.backoff_first, Duration(600));
  EXPECT_EQ(options.publisher.backoff_longest, Duration(120'000));
  EXPECT_EQ(options.publisher.carry_max, 300U << 10U);
  EXPECT_EQ(options.poll, Duration(300));
  EXPECT_EQ(options.worker.lease, Duration(20'000));
  EXPECT_EQ(options.worker.concurrency, 5);
  EXPECT_EQ(options.worker.concurrency_max, 17);
  EXPECT_EQ(options.worker.prefetch, 100);
  EXPECT_EQ(options.worker.bodies_max, 50U << 20U);
  EXPECT_EQ(options.worker.before_effect, Duration(120'000));
  EXPECT_EQ(options.worker.after_effect, Duration(180'000));
  EXPECT_EQ(options.worker.retry, (RetryPolicy{4, FixedDelay{Duration(9'000)}}));
  EXPECT_EQ(options.crash_limit, 6);
  EXPECT_EQ(options.unknown, UnknownPolicy::kHold);
  EXPECT_EQ(options.prune_age, Duration(std::chrono::hours(24 * 8)));
  EXPECT_FALSE(options.former_boot_is_dead) << "only the store can prove it";
  EXPECT_FALSE(options.dead_letter) << "the embedded broker makes no copies";
  EXPECT_NE(options.seed, engine_options(unusual(), kOwner, "log-a").seed);
}

TEST(WiringOptionsTest, OnlyARelayRelays) {
  Config config = unusual();
  EXPECT_TRUE(engine_options(config, kOwner, "log-a").relay);
  config.instance.roles = Roles{true, false, false};
  EXPECT_FALSE(engine_options(config, kOwner, "log-a").relay);
}

TEST(WiringOptionsTest, EveryMailRouteIsBoundAndConsumed) {
  const auto options = engine_options(unusual(), kOwner, "log-a");
  EXPECT_EQ(options.queues, (std::vector<QueueName>{{"q"}}));
  for (const Route& route : {Route{"e", "k"}, Route{"e", "k2"}, Route{"f", "k3"}}) {
    EXPECT_EQ(options.routes->queue_for(route), QueueName{"q"});
    EXPECT_TRUE(
        std::any_of(options.topology.bindings.begin(), options.topology.bindings.end(),
                    [&](const Binding& binding) { return binding.route == route && binding.queue.value == "q"; }));
    EXPECT_TRUE(std::count(options.topology.exchanges.begin(), options.topology.exchanges.end(), route.exchange) == 1);
  }
  EXPECT_TRUE(options.routes->queue_for(Route{"dx", "dq"}).external());
}

TEST(WiringOptionsTest, RejectedDeliveriesGoToTheDeadLetterQueue) {
  const auto topology = engine_options(unusual(), kOwner, "log-a").topology;
  ASSERT_EQ(topology.queues.size(), 2U);
  EXPECT_EQ(topology.queues[0].name.value, "q");
  EXPECT_EQ(topology.queues[0].max_messages, 77U);
  EXPECT_EQ(topology.queues[0].dead_letter, (Route{"dx", "dq"}));
  EXPECT_EQ(topology.queues[1].name.value, "dq");
  EXPECT_FALSE(topology.queues[1].dead_letter);
}

TEST(WiringOptionsTest, TheHttpServerGetsWhatWasConfigured) {
  const auto options = http_options(unusual());
  EXPECT_EQ(options.address, "127.0.0.2");
  EXPECT_EQ(options.port, 1234);
  EXPECT_EQ(options.tokens, (std::vector<std::string>{"0123456789abcdef"}));
  EXPECT_EQ(options.limits.body_bytes, 2U << 20U);
  EXPECT_EQ(options.limits.header_bytes, 32U << 10U);
  EXPECT_EQ(options.connections_max, 7U);
  EXPECT_EQ(options.bodies_bytes_max, 8U << 20U);
  EXPECT_EQ(options.header_deadline, Duration(1'000));
  EXPECT_EQ(options.body_deadline, Duration(2'000));
  EXPECT_EQ(options.request_deadline, Duration(3'000));
  EXPECT_EQ(options.write_deadline, Duration(4'000));
  EXPECT_EQ(options.idle_limit, Duration(6'000));
  EXPECT_EQ(options.stop_grace, Duration(4'000)) << "never longer than the whole grace";
}

TEST(WiringOptionsTest, MailGoesOutAsConfigured) {
  EXPECT_EQ(mail_options(unusual()).from, "me@example.org");
  EXPECT_TRUE(validate(mail_options(unusual())).ok());
  EXPECT_EQ(mail_send_options(unusual()).route, (Route{"e", "k"}));
}

TEST(WiringOptionsTest, EveryRequestWithinItsLimitFitsIntoAMessage) {
  EXPECT_GT(message_body_max(unusual()), unusual().http.max_body);
  EXPECT_EQ(engine_options(unusual(), kOwner, "l").worker.body_max, message_body_max(unusual()));
  Config largest = unusual();
  largest.http.max_body = 64U << 20U;  // the most that the key takes
  EXPECT_GT(message_body_max(largest), largest.http.max_body);
  EXPECT_LE(message_body_max(largest), kBodyMax) << "or what is accepted could be too large to be taken";
}

TEST(WiringOptionsTest, ARabbitMqGetsWhatWasConfigured) {
  Config config = unusual();
  config.broker.url = "amqps://u:p@one,two/v";
  config.broker.password = "better";
  config.broker.classic_queues = true;
  config.broker.tls_ca_file = "ca.pem";
  const auto options = rabbitmq_options(config, kOwner);
  EXPECT_EQ(options.url.addresses.size(), 2U);
  EXPECT_EQ(options.url.password, "better");
  EXPECT_EQ(options.queue_type, rabbitmq::QueueType::kClassic);
  EXPECT_EQ(options.tls.ca_file, "ca.pem");
  EXPECT_EQ(options.body_max, message_body_max(config));
  EXPECT_TRUE(engine_options(config, kOwner, "log-a").dead_letter) << "it gets copies of dead letters";
}

}  // namespace
}  // namespace waybill::app
