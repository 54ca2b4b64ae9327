#include "mail/smtp/relay_check.h"

namespace waybill::smtp {

std::optional<RelayFailure> try_relay(const RelayOptions& relay) {
  auto opened = Connection::open(relay, [] { return false; });
  if (auto* failure = std::get_if<RelayFailure>(&opened)) return std::move(*failure);
  const auto wrong = std::get<std::unique_ptr<Connection>>(opened)->probe(relay.connect_timeout);
  if (!wrong) return std::nullopt;
  return RelayFailure{RelayFailure::Kind::kUnreachable, "the relay " + name_of(relay) + " lets us in, but " + *wrong};
}

}  // namespace waybill::smtp
