# cmake -DINPUT=FILE -DOUTPUT=FILE -P embed_openapi.cmake: writes a source that holds the description of the interface.
file(READ "${INPUT}" json)
file(WRITE "${OUTPUT}" "#include \"api/openapi_endpoint.h\"

namespace waybill::api {

std::string_view openapi_document() { return R\"json(${json})json\"; }

}  // namespace waybill::api
")
