# cmake -DINPUT=FILE -DOUTPUT=FILE -P embed_openapi.cmake: writes a source that holds the description of the interface; in
# two pieces, since no compiler has to take a literal of more than 64 KiB.
file(READ "${INPUT}" json)
string(FIND "${json}" "\n  \"components\":" middle)
if(middle EQUAL -1)
  message(FATAL_ERROR "${INPUT}: has no line that begins with '  \"components\":'")
endif()
string(SUBSTRING "${json}" 0 ${middle} paths)
string(SUBSTRING "${json}" ${middle} -1 components)
file(WRITE "${OUTPUT}" "#include <string>

#include \"api/openapi_endpoint.h\"

namespace waybill::api {

std::string_view openapi_document() {
  static const std::string kText = std::string(R\"json(${paths})json\") + R\"json(${components})json\";
  return kText;
}

}  // namespace waybill::api
")
