# How every part of Waybill is compiled. One room of the house is one static library; its arrows to other rooms are its
# link dependencies, and scripts/check-includes holds the includes to the same graph.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")

option(WAYBILL_FUZZ "Build only the fuzz targets (clang)" OFF)
set(WAYBILL_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them")

find_program(WAYBILL_CCACHE ccache)
if(WAYBILL_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${WAYBILL_CCACHE}")
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees dangling and uninitialised values inside std::variant and std::function that are not there
  # (gcc.gnu.org PR 105562, 105593).
  add_compile_options(-Wno-maybe-uninitialized)
endif()
# A designated initializer may leave fields out: they have defaults.
add_compile_options(-Wno-missing-field-initializers)
if(WAYBILL_SANITIZE)
  add_compile_options(-fsanitize=${WAYBILL_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${WAYBILL_SANITIZE})
endif()

# waybill_room(NAME SOURCES … USES …): a static library `waybill_NAME` whose headers are included from src/.
function(waybill_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;PRIVATE_USES" ${ARGN})
  add_library(waybill_${name} STATIC ${ARG_SOURCES})
  target_include_directories(waybill_${name} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(waybill_${name} PUBLIC ${ARG_USES} PRIVATE ${ARG_PRIVATE_USES})
endfunction()

# waybill_test(NAME LABEL unit|contract|sim|… [SERVICES rabbitmq postgres …] SOURCES … USES …): a GoogleTest program that
# ./test finds by its label, through the list it leaves in the build directory. Its SERVICES are started for it, and it
# finds them in WAYBILL_RABBITMQ, WAYBILL_POSTGRES, WAYBILL_MARIADB.
set(WAYBILL_TEST_LIST "${CMAKE_BINARY_DIR}/tests.list")
file(WRITE "${WAYBILL_TEST_LIST}" "")
function(waybill_test name)
  cmake_parse_arguments(ARG "" "LABEL" "SERVICES;SOURCES;USES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_USES} GTest::gtest_main)
  list(JOIN ARG_SERVICES " " services)
  file(APPEND "${WAYBILL_TEST_LIST}" "${ARG_LABEL} ${name} ${services}\n")
endfunction()
