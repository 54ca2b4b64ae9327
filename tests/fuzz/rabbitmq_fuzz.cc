// Whatever bytes a broker sends: the machines of a publishing and of a consuming connection take them or end, keep
// their bounds, tell nothing twice, and what they answer is well-formed AMQP.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "broker/rabbitmq/protocol/consumer_role.h"
#include "broker/rabbitmq/protocol/publisher_role.h"
#include "core/headers.h"
#include "tests/unit/broker/rabbitmq/machine_rig.h"

namespace waybill::rabbitmq {
namespace {

constexpr std::size_t kBodyMax = 1'000;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

/// In pieces, as a network may cut them; between them time passes.
void hear_all(MachineRig& rig, std::string_view bytes, std::size_t piece) {
  for (std::size_t at = 0; at < bytes.size() && !rig.ended(); at += piece) {
    rig.hear(bytes.substr(at, piece));
    rig.pass(Duration(10));
  }
}

void check_events(const std::vector<PublisherEvent>& events, std::set<PublishTag>& confirmed) {
  for (const auto& event : events) {
    const auto* told = std::get_if<PublishesConfirmed>(&event);
    if (told == nullptr) continue;
    for (const auto* tags : {&told->acked, &told->nacked}) {
      for (const PublishTag tag : *tags) {
        require(tag >= 1 && tag <= 6, "only what was published is confirmed");
        require(confirmed.insert(tag).second, "once");
      }
    }
  }
}

void check_publisher(std::string_view bytes, std::size_t piece) {
  const RabbitMqOptions options = rig_options();
  PublisherRole role(options, [] { return Topology{}; });
  MachineRig rig(options, role);
  rig.open();
  rig.hear(peer::channel_opened(1) + peer::confirm_selected(1));
  std::set<PublishTag> confirmed;
  check_events(role.take_events(), confirmed);
  std::vector<Outgoing> batch;
  for (PublishTag tag = 1; tag <= 6; ++tag) {
    batch.push_back({tag,
                     {tag <= 4 ? "" : "unproven", "key"},
                     {"m" + std::to_string(tag)},
                     "",
                     {{std::string(kHeaderMark), "publish=1"}},
                     Body("body")});
  }
  rig.act([&](MonoTime now, Turn& turn) { role.publish(batch, now, turn); });
  hear_all(rig, bytes, piece);
  check_events(role.take_events(), confirmed);
}

void check_consumer(std::string_view bytes, std::size_t piece) {
  RabbitMqOptions options = rig_options();
  options.body_max = kBodyMax;
  ConsumerRole role(options, [] { return Topology{}; });
  MachineRig rig(options, role);
  rig.open();
  rig.hear(peer::channel_opened(1));
  rig.act([&](MonoTime now, Turn& turn) { role.subscribe({"queue"}, 10, now, turn); });
  rig.hear(peer::channel_opened(2));
  rig.hear(peer::queue_declared(2, "queue"));
  rig.hear(peer::qos_set(1) + peer::consuming(1, "waybill.1"));
  hear_all(rig, bytes, piece);
  std::uint64_t last = 0;
  for (const auto& event : role.take_events()) {
    const auto* delivery = std::get_if<Delivery>(&event);
    if (delivery == nullptr) continue;
    require(delivery->tag.number > last, "deliveries are counted");
    require(delivery->body.size() <= kBodyMax, "bodies are bounded");
    require(delivery->body.binary() || is_valid_utf8(delivery->body.bytes()), "text is UTF-8");
    last = delivery->tag.number;
    if (!rig.ended()) rig.act([&](MonoTime, Turn& turn) { role.ack(delivery->tag, last % 2 == 0, turn); });
  }
}

void check_greeting(std::string_view bytes, std::size_t piece) {
  const RabbitMqOptions options = rig_options();
  PublisherRole role(options, [] { return Topology{}; });
  MachineRig rig(options, role);
  rig.connect();
  hear_all(rig, bytes, piece);
}

}  // namespace
}  // namespace waybill::rabbitmq

// The first byte says in which pieces the others come.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = data[0] == 0 ? bytes.size() + 1 : data[0];
  waybill::rabbitmq::check_publisher(bytes, piece);
  waybill::rabbitmq::check_consumer(bytes, piece);
  waybill::rabbitmq::check_greeting(bytes, piece);
  return 0;
}
