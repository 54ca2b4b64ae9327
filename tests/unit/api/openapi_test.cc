// The description of the interface against the routes as they are. What it says of bodies and answers is tested with a
// running server, in tests/e2e/test_openapi.py.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <ostream>
#include <string>

#include "api/openapi_endpoint.h"
#include "api/routes.h"
#include "tests/unit/api/fakes.h"

namespace waybill::api {
namespace {

namespace json = boost::json;

struct Operation {
  bool open = false;     // asks for no token
  bool classic = false;  // errors in the classic form
  bool operator==(const Operation&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Operation& operation) {
  return out << (operation.open ? "open" : "with token") << (operation.classic ? ", classic" : "");
}
using Described = std::map<std::string, Operation>;  // by `get /path`

Described of_router(const Router& router) {
  Described operations;
  for (const Router::Entry* entry : router.entries()) {
    const std::string method = entry->method == HttpMethod::kGet ? "get " : "post ";
    operations[method + entry->pattern] = {entry->open, entry->form == ErrorForm::kClassic};
  }
  return operations;
}

Described of_document() {
  const json::value document = json::parse(json::string_view(openapi_document()));
  Described operations;
  for (const auto& [path, item] : document.at("paths").as_object()) {
    for (const auto& [method, operation] : item.as_object()) {
      if (method == "parameters") continue;
      const auto* security = operation.as_object().if_contains("security");
      const std::string refused = json::serialize(operation.at("responses").at("400"));
      operations[std::string(method) + ' ' + std::string(path)] = {security != nullptr && security->as_array().empty(),
                                                                   refused.find("Classic") != std::string::npos};
    }
  }
  return operations;
}

TEST(Openapi, DescribesEveryRouteAndNoOther) {
  FakeIntake intake;
  FakeOperations operations;
  FakeMetricsPage metrics;
  EXPECT_EQ(of_document(), of_router(make_router(intake, operations, {}, &metrics)));
}

TEST(Openapi, IsServedAsItIsWritten) {
  OpenapiEndpoint endpoint;
  HttpResponse response;
  endpoint.handle({}, [&](HttpResponse answer) { response = std::move(answer); });
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, openapi_document());
}

TEST(Openapi, TakesNoParameters) {
  OpenapiEndpoint endpoint;
  HttpRequest request;
  request.query = "pretty=1";
  HttpResponse response;
  endpoint.handle(request, [&](HttpResponse answer) { response = std::move(answer); });
  EXPECT_EQ(response.status, 400);
}

}  // namespace
}  // namespace waybill::api
