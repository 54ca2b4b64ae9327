// What a survey of a RabbitMQ found.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace waybill {

/// An exchange or a queue that is wanted.
struct SurveyedThing {
  enum class Standing {
    kMissing,
    kAsWanted,
    kDiffers,      ///< `detail`: the first thing that does
    kNotCompared,  ///< it exists; whether it is as wanted only a user who may declare it can ask
    kUnusable,     ///< `detail`: what the broker says of it
  };
  std::string name;
  Standing standing = Standing::kMissing;
  std::string detail;
  std::uint32_t messages = 0;   ///< of a queue: ready
  std::uint32_t consumers = 0;  ///< likewise
};

struct BrokerSurvey {
  enum class Alarm {
    kUnknown,  ///< the user may not even publish to nobody
    kNone,
    kBlocked,
  };
  std::string address;  ///< that answered
  std::string product;
  std::string version;
  std::vector<SurveyedThing> exchanges;  ///< in the order of the topology
  std::vector<SurveyedThing> queues;     ///< likewise
  Alarm alarm = Alarm::kUnknown;
  std::string alarm_reason;
};

}  // namespace waybill
