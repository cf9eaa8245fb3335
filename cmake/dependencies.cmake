# Each dependency: the system, else node_modules, else a pinned download, else stop and name the command that helps.
set(node_modules "${CMAKE_CURRENT_SOURCE_DIR}/node_modules")
set(npm_help "npm ci --ignore-scripts")

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
