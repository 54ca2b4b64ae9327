// What a log answered, as one line that is equal for two logs exactly if they keep the same contract. Left out is what
// a store may decide freely: the order of the rows of one take and where its round ended, the wording of errors, and
// what a refusal says beyond its reason. Pure.
#pragma once

#include <string>

#include "testing/recording/copy_names.h"

namespace waybill::recording {

/// Rows that the store made by itself go by their names in `names`.
[[nodiscard]] std::string answer_text(const Result<Answer>& answer, const CopyNames& names);

}  // namespace waybill::recording
