# cmake -DSTORE=sqlite -DOUTPUT=FILE -DMIGRATIONS=FILE;… -P embed_migrations.cmake: writes a source that holds the text of
# a store's migrations.
set(entries "")
foreach(file IN LISTS MIGRATIONS)
  get_filename_component(stem "${file}" NAME_WE)
  if(NOT stem MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)$")
    message(FATAL_ERROR "${file}: a migration is named NNNN_name.sql")
  endif()
  set(digits "${CMAKE_MATCH_1}")
  set(name "${CMAKE_MATCH_2}")
  string(REGEX REPLACE "^0+" "" number "${digits}")
  file(READ "${file}" sql)
  string(APPEND entries "    {${number}, \"${name}\", R\"sql(${sql})sql\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"log/${STORE}/schema.h\"

namespace waybill::${STORE} {

std::span<const Migration> migrations() {
  static const Migration kMigrations[] = {
${entries}  };
  return kMigrations;
}

}  // namespace waybill::${STORE}
")
