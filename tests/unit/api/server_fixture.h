// The server as the tests of its connections see it.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/api/fakes.h"
#include "tests/unit/api/raw_client.h"

namespace waybill::api {

/// Limits are set in `server_.options` before `server_.start()`.
class Server : public testing::Test {
 protected:
  RawClient connect() { return RawClient(server_.port()); }

  // Answered with this status, and then closed by the server.
  void expect_refused_and_closed(const std::string& bytes, int status) {
    RawClient client = connect();
    client.send(bytes);
    const auto response = client.receive();
    ASSERT_TRUE(response) << bytes.substr(0, 200);
    EXPECT_EQ(response->status, status) << bytes.substr(0, 200);
    EXPECT_EQ(response->header("Connection"), "close");
    EXPECT_TRUE(client.closed_by_server());
  }

  void expect_still_serving() {
    RawClient client = connect();
    const auto response = client.ask(to_text({.body = sample_mail()}));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
  }

  TestServer server_;
};

}  // namespace waybill::api
