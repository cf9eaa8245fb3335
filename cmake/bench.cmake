# core_bench: our index against plain hnswlib, in C++ (bench/core).
add_library(hnswlib_baseline SHARED "${CMAKE_CURRENT_SOURCE_DIR}/bench/core/baseline.cc")
target_include_directories(hnswlib_baseline SYSTEM PRIVATE "${HNSWLIB_INCLUDE_DIR}")
target_compile_options(hnswlib_baseline PRIVATE -march=native)
target_link_options(hnswlib_baseline PRIVATE -Wl,-Bsymbolic)
add_executable(core_bench "${CMAKE_CURRENT_SOURCE_DIR}/bench/core/core.cc")
target_include_directories(core_bench SYSTEM PRIVATE "${HNSWLIB_INCLUDE_DIR}")
target_link_libraries(core_bench PRIVATE agentmemdb_core hnswlib_baseline)
agentmemdb_warnings(core_bench)
