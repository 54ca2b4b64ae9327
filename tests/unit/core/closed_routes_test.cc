#include "core/closed_routes.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

using Gate = ClosedRoutes::Gate;

TEST(ClosedRoutes, TellsClosedProbedAndOpenRoutesApartInWhateverOrderTheyCome) {
  const ClosedRoutes routes({{"e", "3"}, {"e", "1"}, {"", "9"}, {"e", "2"}}, {{"f", "1"}, {"e", "2"}});
  for (const Route& route : {Route{"e", "1"}, Route{"e", "3"}, Route{"", "9"}}) {
    EXPECT_EQ(routes.gate(route), Gate::kClosed) << route.routing_key;
  }
  EXPECT_EQ(routes.gate({"f", "1"}), Gate::kProbe);
  EXPECT_EQ(routes.gate({"e", "2"}), Gate::kProbe) << "in both lists";
  for (const Route& route : {Route{"e", "4"}, Route{"", ""}, Route{"f", "2"}}) {
    EXPECT_EQ(routes.gate(route), Gate::kOpen) << route.routing_key;
  }
}

TEST(ClosedRoutes, WithoutAListEveryRouteIsOpen) {
  EXPECT_EQ(gate_of(nullptr, {"e", "1"}), Gate::kOpen);
  EXPECT_EQ(gate_of(std::make_shared<const ClosedRoutes>(), {"e", "1"}), Gate::kOpen);
}

}  // namespace
}  // namespace waybill
