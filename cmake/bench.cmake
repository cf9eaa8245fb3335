# The benchmarks in C++ (bench/core): our index and kernels against hnswlib's, and what SQLite alone can take.
add_library(hnswlib_baseline SHARED "${CMAKE_CURRENT_SOURCE_DIR}/bench/core/baseline.cc")
target_include_directories(hnswlib_baseline SYSTEM PRIVATE "${HNSWLIB_INCLUDE_DIR}")
target_compile_options(hnswlib_baseline PRIVATE -march=native)
target_link_options(hnswlib_baseline PRIVATE -Wl,-Bsymbolic)

foreach(name core kernels)
  add_executable(${name}_bench "${CMAKE_CURRENT_SOURCE_DIR}/bench/core/${name}.cc")
  target_include_directories(${name}_bench SYSTEM PRIVATE "${HNSWLIB_INCLUDE_DIR}")
  target_link_libraries(${name}_bench PRIVATE agentmemdb_core hnswlib_baseline)
  agentmemdb_warnings(${name}_bench)
endforeach()

# Without the rest of the core, so that it is built in no time.
add_executable(insert_bench "${CMAKE_CURRENT_SOURCE_DIR}/bench/core/insert.cc"
  "${CMAKE_CURRENT_SOURCE_DIR}/src/base/clock.cc")
target_include_directories(insert_bench PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/src")
target_link_libraries(insert_bench PRIVATE agentmemdb_sqlite)
agentmemdb_warnings(insert_bench)
