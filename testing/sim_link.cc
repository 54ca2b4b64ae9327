#include "testing/sim_broker_links.h"

namespace waybill {

SimNode& SimLink::server() { return broker_.server_; }

SimLink::Delay SimLink::latency() { return broker_.draw(broker_.faults_.latency); }

void SimLink::connect_soon() {
  if (up_ || !open_) return;
  const bool first = life_ == 1;
  do_later(*this, first ? latency() : broker_.draw(broker_.faults_.reconnect), [](SimLink& self) { self.connect(); });
}

}  // namespace waybill
