// Reads a small file that a person wrote.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace waybill::app {

/// The whole file. Errors (kPermanent): not readable, or larger than `bytes_max`; the sentence names the file.
[[nodiscard]] Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max = 4U << 20U);

}  // namespace waybill::app
