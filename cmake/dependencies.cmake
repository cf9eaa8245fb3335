# Each dependency: the system, else node_modules, else a pinned download, else stop and name the command that helps.
set(node_modules "${CMAKE_CURRENT_SOURCE_DIR}/node_modules")
set(npm_help "npm ci --ignore-scripts")
include(CheckCXXSourceCompiles)

# hnswlib: only 0.8 and later have stop_condition.h, and Debian 12 packages 0.6.
find_path(HNSWLIB_INCLUDE_DIR hnswlib/stop_condition.h)
if(NOT HNSWLIB_INCLUDE_DIR)
  find_path(HNSWLIB_INCLUDE_DIR hnswlib/stop_condition.h PATHS "${node_modules}/hnswlib-node/src" NO_DEFAULT_PATH)
endif()
if(NOT HNSWLIB_INCLUDE_DIR)
  agentmemdb_fetch(hnswlib
    URL https://github.com/nmslib/hnswlib/archive/refs/tags/v0.8.0.tar.gz
    HASH MD5=126c5c6b7d8e71c6e7c70dc4d5f3933e
    HELP "${npm_help}")
  set(HNSWLIB_INCLUDE_DIR "${hnswlib_SOURCE_DIR}")
endif()
message(STATUS "hnswlib: ${HNSWLIB_INCLUDE_DIR}")

# SQLite: never the system's library. Ours is compiled with our own options and its symbols stay inside the addon.
if(AGENTMEMDB_SQLITE_DIR)
  set(SQLITE_DIR "${AGENTMEMDB_SQLITE_DIR}")
  if(NOT EXISTS "${SQLITE_DIR}/sqlite3.c" OR NOT EXISTS "${SQLITE_DIR}/sqlite3.h")
    message(FATAL_ERROR "AGENTMEMDB_SQLITE_DIR has no sqlite3.c and sqlite3.h: ${SQLITE_DIR}")
  endif()
elseif(EXISTS "${node_modules}/better-sqlite3/deps/sqlite3/sqlite3.c")
  set(SQLITE_DIR "${node_modules}/better-sqlite3/deps/sqlite3")
else()
  agentmemdb_fetch(sqlite
    URL https://sqlite.org/2026/sqlite-amalgamation-3530200.zip
    HASH SHA3_256=81142986038e18f96c4a54e1a72562ae17e502a916f2a7701eff43388cbf1a40
    HELP "${npm_help}")
  set(SQLITE_DIR "${sqlite_SOURCE_DIR}")
endif()
message(STATUS "SQLite: ${SQLITE_DIR}")

find_package(nlohmann_json 3.10 QUIET CONFIG)
add_library(agentmemdb_json INTERFACE)
add_library(agentmemdb::json ALIAS agentmemdb_json)
if(nlohmann_json_FOUND)
  target_link_libraries(agentmemdb_json INTERFACE nlohmann_json::nlohmann_json)
  message(STATUS "nlohmann_json: ${nlohmann_json_DIR}")
else()
  agentmemdb_fetch(nlohmann_json
    URL https://github.com/nlohmann/json/releases/download/v3.11.3/json.tar.xz
    HASH SHA256=d6c65aca6b1ed68e7a182f4757257b107ae403032760ed6ef121c9d55e81757d
    HELP "apt-get install -y nlohmann-json3-dev   (brew install nlohmann-json, dnf install json-devel)")
  target_include_directories(agentmemdb_json SYSTEM INTERFACE "${nlohmann_json_SOURCE_DIR}/include")
endif()
# Exceptions stay on: parse errors are turned into Status values where they are caught.
target_compile_definitions(agentmemdb_json INTERFACE JSON_USE_IMPLICIT_CONVERSIONS=0)

# Sources of others are compiled without our warnings. `name` becomes agentmemdb::name.
function(agentmemdb_foreign name include)
  add_library(agentmemdb_${name} STATIC ${ARGN})
  target_include_directories(agentmemdb_${name} SYSTEM PUBLIC "${include}")
  target_compile_options(agentmemdb_${name} PRIVATE $<IF:$<C_COMPILER_ID:MSVC>,/w,-w>
    $<$<AND:$<CONFIG:Release>,$<NOT:$<C_COMPILER_ID:MSVC>>>:-Os>)
  add_library(agentmemdb::${name} ALIAS agentmemdb_${name})
endfunction()

# Takes the system's static library: what we ship may not ask for one that is not there. Many are built for programs only, and
# cannot become part of an addon: `call` is C++ that uses the library, and linking that into a shared one must work.
function(agentmemdb_system name header archive call)
  find_path(${name}_INCLUDE_DIR ${header})
  find_library(${name}_LIBRARY ${CMAKE_STATIC_LIBRARY_PREFIX}${archive}${CMAKE_STATIC_LIBRARY_SUFFIX})
  if(NOT ${name}_INCLUDE_DIR OR NOT ${name}_LIBRARY)
    return()
  endif()
  set(CMAKE_REQUIRED_INCLUDES "${${name}_INCLUDE_DIR}")
  set(CMAKE_REQUIRED_LIBRARIES "${${name}_LIBRARY}" Threads::Threads)
  set(CMAKE_REQUIRED_FLAGS -fPIC)
  set(CMAKE_REQUIRED_LINK_OPTIONS -shared)
  set(CMAKE_REQUIRED_QUIET ON)
  check_cxx_source_compiles("#include <${header}>\nauto call() { return ${call}; }" ${name}_LINKS)
  if(${name}_LINKS)
    add_library(agentmemdb_${name} INTERFACE)
    target_include_directories(agentmemdb_${name} SYSTEM INTERFACE "${${name}_INCLUDE_DIR}")
    target_link_libraries(agentmemdb_${name} INTERFACE "${${name}_LIBRARY}" Threads::Threads)
    add_library(agentmemdb::${name} ALIAS agentmemdb_${name})
    message(STATUS "${name}: ${${name}_LIBRARY}")
  endif()
endfunction()

# Snowball's stemmers.
agentmemdb_system(stemmer libstemmer.h stemmer "sb_stemmer_new(\"english\", nullptr)")
if(NOT TARGET agentmemdb::stemmer)
  agentmemdb_fetch(stemmer
    URL https://snowballstem.org/dist/libstemmer_c-2.2.0.tar.gz
    HASH SHA256=b941d9fe9cf36b4e2f8d3873cd4d8b8775bd94867a1df8d8c001bb8b688377c3
    HELP "apt-get install -y libstemmer-dev   (elsewhere: a static libstemmer and its header)")
  file(GLOB stemmer_sources "${stemmer_SOURCE_DIR}/src_c/stem_UTF_8_*.c")
  agentmemdb_foreign(stemmer "${stemmer_SOURCE_DIR}/include" ${stemmer_sources}
    "${stemmer_SOURCE_DIR}/runtime/api.c" "${stemmer_SOURCE_DIR}/runtime/utilities.c"
    "${stemmer_SOURCE_DIR}/libstemmer/libstemmer_utf8.c")
endif()

# What letters, digits and lower case are in Unicode.
agentmemdb_system(utf8proc utf8proc.h utf8proc "utf8proc_tolower('A')")
if(NOT TARGET agentmemdb::utf8proc)
  agentmemdb_fetch(utf8proc
    URL https://github.com/JuliaStrings/utf8proc/archive/refs/tags/v2.8.0.tar.gz
    HASH SHA256=a0a60a79fe6f6d54e7d411facbfcc867a6e198608f2cd992490e46f04b1bcecc
    HELP "apt-get install -y libutf8proc-dev   (elsewhere: a static libutf8proc and its header)")
  agentmemdb_foreign(utf8proc "${utf8proc_SOURCE_DIR}" "${utf8proc_SOURCE_DIR}/utf8proc.c")
endif()
get_target_property(utf8proc_target agentmemdb::utf8proc ALIASED_TARGET)
target_compile_definitions(${utf8proc_target} INTERFACE UTF8PROC_STATIC)

# Regular expressions in linear time. The last release that needs no other library; the static one of Debian 12 is for programs only.
if(AGENTMEMDB_RE2_DIR)
  set(RE2_DIR "${AGENTMEMDB_RE2_DIR}")
elseif(EXISTS "${node_modules}/re2/vendor/re2/re2.h")
  set(RE2_DIR "${node_modules}/re2/vendor")
else()
  agentmemdb_fetch(re2
    URL https://github.com/google/re2/archive/2022-06-01.tar.gz
    HASH SHA256=f89c61410a072e5cbcf8c27e3a778da7d6fd2f2b5b1445cd4f4508bee946ab0f
    HELP "${npm_help}")
  set(RE2_DIR "${re2_SOURCE_DIR}")
endif()
if(NOT EXISTS "${RE2_DIR}/re2/unicode_groups.cc")
  message(FATAL_ERROR "These are not RE2's sources: ${RE2_DIR}")
endif()
message(STATUS "re2: ${RE2_DIR}")
file(GLOB re2_sources "${RE2_DIR}/re2/*.cc")
agentmemdb_foreign(re2 "${RE2_DIR}" ${re2_sources} "${RE2_DIR}/util/rune.cc" "${RE2_DIR}/util/strutil.cc")
target_link_libraries(agentmemdb_re2 PUBLIC Threads::Threads)

if(AGENTMEMDB_TESTS)
  find_package(GTest QUIET)
  if(NOT GTest_FOUND)
    agentmemdb_fetch(googletest
      URL https://github.com/google/googletest/archive/refs/tags/v1.14.0.tar.gz
      HASH SHA256=8ad598c73ad796e0d8280b082cebd82a630d73e73cd3c70057938a6501bba5d7
      HELP "apt-get install -y libgtest-dev   (brew install googletest, dnf install gtest-devel), or -DAGENTMEMDB_TESTS=OFF")
    set(INSTALL_GTEST OFF)
    add_subdirectory("${googletest_SOURCE_DIR}" "${googletest_SOURCE_DIR}-build" EXCLUDE_FROM_ALL)
    if(NOT TARGET GTest::gtest_main)
      add_library(GTest::gtest_main ALIAS gtest_main)
    endif()
  endif()
endif()
