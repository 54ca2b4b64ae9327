#include "broker/rabbitmq/management.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <regex>
#include <utility>

#include "broker/rabbitmq/management_http.h"

namespace waybill {
namespace rabbitmq {
namespace {

namespace json = boost::json;

constexpr int kOk = 200;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;

Error unreadable() {
  return make_error(ErrorClass::kPermanent,
                    "what answers at broker.management_url is not RabbitMQ's management interface");
}

const json::value* find(const json::object& object, std::string_view key) { return object.if_contains(key); }

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

bool true_of(const json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::optional<std::int64_t> number_of(const json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  return value != nullptr && value->is_int64() ? std::optional(value->get_int64()) : std::nullopt;
}

/// An object under `key`; the interface writes an empty one as `[]` or "".
json::object object_of(const json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  return value != nullptr && value->is_object() ? value->get_object() : json::object();
}

std::optional<std::int64_t> least(std::optional<std::int64_t> a, std::optional<std::int64_t> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) {
      encoded += c;
    } else {
      encoded += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return encoded;
}

}  // namespace

Result<ManagedQueue> read_managed_queue(const std::string& text) {
  boost::system::error_code error;
  const json::value parsed = json::parse(text, error);
  if (error || !parsed.is_object()) return unreadable();
  const json::object& object = parsed.get_object();
  const json::object policy = object_of(object, "effective_policy_definition");
  const json::object own = object_of(object, "arguments");
  ManagedQueue queue;
  queue.name = text_of(object, "name");
  queue.policy = text_of(object, "policy");
  // Where both say something of a number, the lower one holds.
  queue.message_ttl = least(number_of(own, "x-message-ttl"), number_of(policy, "message-ttl"));
  queue.expires = least(number_of(own, "x-expires"), number_of(policy, "expires"));
  const bool bounded = number_of(own, "x-max-length") || number_of(own, "x-max-length-bytes") ||
                       number_of(policy, "max-length") || number_of(policy, "max-length-bytes");
  const std::string overflow = own.contains("x-overflow") ? text_of(own, "x-overflow") : text_of(policy, "overflow");
  queue.drops_when_full = bounded && (overflow.empty() || overflow == "drop-head");
  return queue;
}

Result<std::vector<Route>> read_bindings(const std::string& text) {
  boost::system::error_code error;
  const json::value parsed = json::parse(text, error);
  if (error || !parsed.is_array()) return unreadable();
  std::vector<Route> routes;
  for (const json::value& one : parsed.get_array()) {
    if (!one.is_object()) return unreadable();
    Route route{text_of(one.get_object(), "source"), text_of(one.get_object(), "routing_key")};
    if (!route.exchange.empty()) routes.push_back(std::move(route));
  }
  return routes;
}

Result<std::vector<std::string>> read_alarms(const std::string& text) {
  boost::system::error_code error;
  const json::value parsed = json::parse(text, error);
  if (error || !parsed.is_array()) return unreadable();
  std::vector<std::string> alarms;
  for (const json::value& one : parsed.get_array()) {
    if (!one.is_object()) return unreadable();
    const json::object& node = one.get_object();
    const std::string where = " on node " + text_of(node, "name");
    if (true_of(node, "mem_alarm")) alarms.push_back("memory" + where);
    if (true_of(node, "disk_free_alarm")) alarms.push_back("disk" + where);
  }
  return alarms;
}

Result<ManagedRights> read_rights(const std::string& text) {
  boost::system::error_code error;
  const json::value parsed = json::parse(text, error);
  if (error || !parsed.is_object()) return unreadable();
  const json::object& object = parsed.get_object();
  return ManagedRights{text_of(object, "user"), text_of(object, "write"), text_of(object, "read")};
}

namespace {

/// The body of what exists; nothing if it does not (404), or, for `optional` questions, if this user may not ask.
Result<std::optional<std::string>> body_of(Result<ManagementPage> page, bool optional = false) {
  if (!page.ok()) return page.error();
  if (page->status == kOk) return std::optional(std::move(page->body));
  const bool refused = page->status == kUnauthorized || page->status == kForbidden;
  if (page->status == kNotFound || (refused && optional)) return std::optional<std::string>();
  if (refused) {
    return make_error(ErrorClass::kPermanent,
                      "the management interface refuses the user: a wrong password, or it has no tag (management, "
                      "better monitoring) or no permissions in the vhost");
  }
  return make_error(ErrorClass::kRetry, "the management interface answers " + std::to_string(page->status));
}

Result<std::optional<ManagedQueue>> ask_queue(const ManagementPlace& place, const RabbitMqOptions& options,
                                              const std::string& name) {
  const std::string target = "/api/queues/" + percent_encode(options.url.vhost) + "/" + percent_encode(name);
  const auto body = body_of(get_management(place, options, target));
  if (!body.ok()) return body.error();
  if (!*body) return std::optional<ManagedQueue>();
  auto queue = read_managed_queue(**body);
  if (!queue.ok()) return queue.error();
  const auto bindings = body_of(get_management(place, options, target + "/bindings"));
  if (!bindings.ok()) return bindings.error();
  if (*bindings) {
    auto routes = read_bindings(**bindings);
    if (!routes.ok()) return routes.error();
    queue->bindings = std::move(*routes);
  }
  return std::optional(std::move(*queue));
}

Result<std::optional<ManagedRights>> ask_rights(const ManagementPlace& place, const RabbitMqOptions& options) {
  if (options.external) return std::optional<ManagedRights>();
  const std::string target =
      "/api/permissions/" + percent_encode(options.url.vhost) + "/" + percent_encode(options.url.user);
  const auto body = body_of(get_management(place, options, target), /*optional=*/true);
  if (!body.ok()) return body.error();
  if (!*body) return std::optional<ManagedRights>();
  auto rights = read_rights(**body);
  if (!rights.ok()) return rights.error();
  return std::optional(std::move(*rights));
}

}  // namespace
}  // namespace rabbitmq

std::optional<bool> covers(const std::string& pattern, const std::string& name) {
  if (pattern.empty()) return false;
  try {
    return std::regex_search(name, std::regex(pattern));
  } catch (const std::regex_error&) {
    return std::nullopt;
  }
}

Result<ManagementFacts> ask_management(std::string_view url, const RabbitMqOptions& options, const Topology& wanted,
                                       const WallClock& clock) {
  const auto place = rabbitmq::parse_management_url(url, options.url);
  if (!place.ok()) return place.error();
  ManagementFacts facts;
  auto page = rabbitmq::get_management(*place, options, "/api/nodes");
  if (page.ok() && page->date) facts.clock_ahead = *page->date - clock.now();
  const auto nodes = rabbitmq::body_of(std::move(page), /*optional=*/true);
  if (!nodes.ok()) return nodes.error();
  if (*nodes) {
    auto alarms = rabbitmq::read_alarms(**nodes);
    if (!alarms.ok()) return alarms.error();
    facts.alarms_known = true;
    facts.alarms = std::move(*alarms);
  }
  for (const QueueDeclaration& queue : wanted.queues) {
    auto found = rabbitmq::ask_queue(*place, options, queue.name.value);
    if (!found.ok()) return found.error();
    if (*found) facts.queues.push_back(std::move(**found));
  }
  auto rights = rabbitmq::ask_rights(*place, options);
  if (!rights.ok()) return rights.error();
  facts.rights = std::move(*rights);
  return facts;
}

}  // namespace waybill
