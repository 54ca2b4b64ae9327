#include "mail/transport.h"

#include "base/fault_point.h"

namespace waybill {

bool begin_mail_effect(EffectGate& gate) {
  gate_point();
  crash_point("before_effect");
  if (!gate.begin_effect()) return false;
  crash_point("after_begin_effect");
  return true;
}

Retry not_begun() { return Retry{"the attempt is no longer ours: the mail was not sent", {}}; }

}  // namespace waybill
