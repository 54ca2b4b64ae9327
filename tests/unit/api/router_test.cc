#include "api/router.h"

#include <gtest/gtest.h>

namespace waybill::api {
namespace {

class Nothing final : public Endpoint {
 public:
  void handle(const HttpRequest&, Answer) override {}
};

Router sample() {
  Router router;
  router.add({HttpMethod::kGet, "/things", std::make_unique<Nothing>()});
  router.add({HttpMethod::kPost, "/things", std::make_unique<Nothing>()});
  router.add({HttpMethod::kGet, "/things/{id}", std::make_unique<Nothing>()});
  router.add({HttpMethod::kPost, "/things/{id}/do/{what}", std::make_unique<Nothing>()});
  router.add({HttpMethod::kPost, "/classic", std::make_unique<Nothing>(), ErrorForm::kClassic});
  router.add({HttpMethod::kGet, "/open", std::make_unique<Nothing>(), ErrorForm::kV1, true});
  return router;
}

std::string pattern_for(const Router& router, HttpMethod method, std::string_view path) {
  const auto found = router.match(method, path);
  const auto* match = std::get_if<Router::Match>(&found);
  return match != nullptr ? match->entry->pattern : std::to_string(std::get<HttpError>(found).status);
}

TEST(Router, FindsTheEndpointOfAPath) {
  const Router router = sample();
  EXPECT_EQ(pattern_for(router, HttpMethod::kGet, "/things"), "/things");
  EXPECT_EQ(pattern_for(router, HttpMethod::kHead, "/things"), "/things");
  EXPECT_EQ(pattern_for(router, HttpMethod::kGet, "/things/7"), "/things/{id}");
  for (const std::string unknown : {"", "/", "things", "/thing", "/things/", "/things/7/", "/things/7/do", "//things",
                                    "/things//do/x", "/things/7/do/", "/THINGS"}) {
    EXPECT_EQ(pattern_for(router, HttpMethod::kGet, unknown), "404") << unknown;
  }
}

TEST(Router, HandsOverWhatPlaceholdersStandFor) {
  const auto found = sample().match(HttpMethod::kPost, "/things/a%2Fb/do/%7Bx%7D");
  EXPECT_EQ(std::get<Router::Match>(found).path_values, (std::vector<std::string>{"a/b", "{x}"}));
}

TEST(Router, NamesTheAllowedMethods) {
  const auto error = std::get<HttpError>(sample().match(HttpMethod::kOther, "/things"));
  EXPECT_EQ(error.status, 405);
  ASSERT_EQ(error.headers.size(), 1U);
  EXPECT_EQ(error.headers[0].first, "Allow");
  EXPECT_EQ(error.headers[0].second, "GET, HEAD, POST");
}

TEST(Router, RefusesAPathItCannotDecode) {
  EXPECT_EQ(std::get<HttpError>(sample().match(HttpMethod::kGet, "/things/%x")).status, 400);
}

TEST(Router, KnowsTheFormAndTheOpennessOfAPath) {
  const Router router = sample();
  EXPECT_EQ(router.form_of("/classic"), ErrorForm::kClassic);
  EXPECT_EQ(router.form_of("/things"), ErrorForm::kV1);
  EXPECT_EQ(router.form_of("/nowhere"), ErrorForm::kV1);
  EXPECT_TRUE(router.is_open("/open"));
  EXPECT_FALSE(router.is_open("/things"));
  EXPECT_FALSE(router.is_open("/nowhere"));
}

}  // namespace
}  // namespace waybill::api
