#include "app/config_report.h"

#include <gtest/gtest.h>

namespace waybill::app {
namespace {

LoadedConfig loaded_with_secret() {
  ConfigSources sources;
  sources.file = "/dev/null";  // so that no file of the working directory is read
  sources.environment = {{"WAYBILL_CFG_HTTP__TOKEN", "very-secret-token-1"},
                         {"WAYBILL_CFG_MAIL__MORE_ROUTES", "a/b,c/\"d"}};
  auto loaded = load_config(sources);
  if (!loaded.ok()) ADD_FAILURE() << loaded.error().message;
  return loaded.value();
}

void expect_part(const std::string& whole, const std::string& part) {
  EXPECT_NE(whole.find(part), std::string::npos) << "not in:\n" << whole << "\nexpected: " << part;
}

TEST(ConfigReportTest, EveryKeyIsShownWithItsOrigin) {
  const auto toml = config_as_toml(loaded_with_secret());
  expect_part(toml, "\nhttp.listen = \"127.0.0.1:8420\" ");
  expect_part(toml, "# default\n");
  expect_part(toml, "more_routes = [\"a/b\", \"c/\\\"d\"]");
  expect_part(toml, "# WAYBILL_CFG_MAIL__MORE_ROUTES\n");
  for (const ConfigKey& key : config_keys()) {
    expect_part("\n" + toml, "\n" + std::string(key.name) + " = ");
  }
}

TEST(ConfigReportTest, SecretsAreMaskedInEveryForm) {
  const auto loaded = loaded_with_secret();
  for (const auto& text : {config_as_toml(loaded), config_as_json(loaded)}) {
    EXPECT_EQ(text.find("very-secret"), std::string::npos);
    expect_part(text, "********");
    expect_part(text, "WAYBILL_CFG_HTTP__TOKEN");
  }
}

TEST(ConfigReportTest, JsonNamesTheVariableOfEachKey) {
  const auto json = config_as_json(loaded_with_secret());
  expect_part(json, R"({"key":"publish.grace","value":"2s","origin":"default",)"
                    R"("variable":"WAYBILL_CFG_PUBLISH__GRACE","default":"2s",)");
}

TEST(ConfigReportTest, AUrlIsShownWithoutItsPassword) {
  ConfigSources sources;
  sources.file = "/dev/null";
  sources.environment = {{"WAYBILL_CFG_BROKER__URL", "amqp://u:hidden@host/v"},
                         {"WAYBILL_CFG_BROKER__MANAGEMENT_URL", "http://u:hidden@host:15672"}};
  const auto loaded = load_config(sources);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  for (const auto& text : {config_as_toml(*loaded), config_as_json(*loaded)}) {
    EXPECT_EQ(text.find("hidden"), std::string::npos);
  }
  expect_part(config_as_toml(*loaded), "amqp://u:********@host/v");
}

}  // namespace
}  // namespace waybill::app
