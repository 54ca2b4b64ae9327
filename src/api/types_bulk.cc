// The writing half of types_bulk.h.
#include "api/types_bulk.h"

#include <boost/json.hpp>

namespace waybill::api {
namespace {

namespace json = boost::json;

}  // namespace

std::string to_json(const BulkRequest& request) {
  json::object object;
  if (request.status) object["status"] = json::string(to_string(*request.status));
  if (request.queue) object["queue"] = *request.queue;
  if (request.since) object["since"] = to_rfc3339(*request.since);
  if (request.until) object["until"] = to_rfc3339(*request.until);
  if (!request.cursor.empty()) object["cursor"] = request.cursor;
  object["limit"] = request.limit;
  if (request.rate > 0) object["rate"] = request.rate;
  if (request.again) object["again"] = true;
  if (request.dry_run) object["dry_run"] = true;
  return json::serialize(object);
}

std::string to_json(const BulkView& view) {
  json::value cursor = nullptr;
  if (!view.next_cursor.empty()) cursor = json::string(view.next_cursor);
  return json::serialize(
      json::object{{"changed", view.changed}, {"refused", view.refused}, {"next_cursor", std::move(cursor)}});
}

std::string to_json(const MatchView& view) {
  return json::serialize(json::object{{"matched", view.matched}, {"exact", view.exact}});
}

std::string to_json(const PruneRequest& request) {
  return json::serialize(
      json::object{{"older_than", std::to_string(request.older_than.count()) + "ms"}, {"limit", request.limit}});
}

std::string to_json(const PruneView& view) {
  return json::serialize(json::object{{"pruned", view.pruned}, {"more", view.more}});
}

}  // namespace waybill::api
