#include "broker/rabbitmq/protocol/rabbitmq_url.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

std::string refusal(const std::string& text) {
  const auto url = parse_rabbitmq_url(text);
  return url.ok() ? "" : url.error().message;
}

TEST(RabbitMqUrl, ReadsAllItsParts) {
  const auto url = parse_rabbitmq_url("amqp://mailer:s%3Acr%2Fet@broker.example:5673/mail%2Fprod");
  ASSERT_TRUE(url.ok()) << url.error().message;
  EXPECT_FALSE(url->tls);
  EXPECT_EQ(url->user, "mailer");
  EXPECT_EQ(url->password, "s:cr/et");
  EXPECT_EQ(url->addresses, (std::vector<RabbitMqAddress>{{"broker.example", 5673}}));
  EXPECT_EQ(url->vhost, "mail/prod");
}

TEST(RabbitMqUrl, HasTheUsualDefaults) {
  const auto plain = parse_rabbitmq_url("amqp://localhost");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->addresses, (std::vector<RabbitMqAddress>{{"localhost", 5672}}));
  EXPECT_EQ(plain->user + plain->password + plain->vhost, "guestguest/");
  const auto tls = parse_rabbitmq_url("amqps://localhost/");
  ASSERT_TRUE(tls.ok());
  EXPECT_TRUE(tls->tls);
  EXPECT_EQ(tls->addresses, (std::vector<RabbitMqAddress>{{"localhost", 5671}}));
}

TEST(RabbitMqUrl, ReadsSeveralAddresses) {
  const auto url = parse_rabbitmq_url("amqp://u:p@one,two:5673,[::1]:5674,[fe80::1]/v");
  ASSERT_TRUE(url.ok()) << url.error().message;
  EXPECT_EQ(url->addresses,
            (std::vector<RabbitMqAddress>{{"one", 5672}, {"two", 5673}, {"::1", 5674}, {"fe80::1", 5672}}));
  EXPECT_EQ(url->addresses[2].text(), "[::1]:5674");
}

TEST(RabbitMqUrl, RefusesInOneSentenceWithoutThePassword) {
  for (const std::string text :
       {"", "http://host", "amqp://", "amqp://u:secret@", "amqp://u:secret@host:0", "amqp://u:secret@host:99999",
        "amqp://u:secret@host:x", "amqp://u:secret@host/v/w", "amqp://u:secret@host?heartbeat=1",
        "amqp://u:secret@[::1", "amqp://u:secret%zz@host", "amqp://u:secret%0@host", "amqp://u:secret@a,,b",
        "amqp://u:secret%00@host", "amqp://u:secret@ho st"}) {
    const std::string said = refusal(text);
    EXPECT_NE(said, "") << text;
    EXPECT_NE(said.find("amqp://USER:PASSWORD@HOST:PORT/VHOST"), std::string::npos) << said;
    EXPECT_EQ(said.find("secret"), std::string::npos) << said;
  }
}

TEST(RabbitMqUrl, IsShownWithoutItsPassword) {
  EXPECT_EQ(mask_password("amqp://u:secret@host/v"), "amqp://u:********@host/v");
  EXPECT_EQ(mask_password("amqp://u:se@cret@host/v"), "amqp://u:********@host/v");
  EXPECT_EQ(mask_password("amqp://u@host/v:w"), "amqp://u@host/v:w");
  EXPECT_EQ(mask_password("amqp://host:5672/v"), "amqp://host:5672/v");
  EXPECT_EQ(mask_password("inprocess"), "inprocess");
}

}  // namespace
}  // namespace waybill
