// What ended attempts that never reported mean to people: counted, and told where someone must look.
#pragma once

#include <span>
#include <string_view>

#include "ports/log_writes.h"
#include "ports/metrics.h"

namespace waybill {

/// `event` says how they were found. `ended`: the rows of them that are dead or held now; each is told by itself.
void report_lapses(Metrics& metrics, std::string_view component, std::string_view event, int lapsed,
                   std::span<const LapsedRow> ended);

/// The same for the one that a claim ended.
void report_lapse(Metrics& metrics, std::string_view component, const LapsedRow& row);

}  // namespace waybill
