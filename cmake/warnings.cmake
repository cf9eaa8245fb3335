option(AGENTMEMDB_WERROR "Stop at a warning" ON)

function(agentmemdb_warnings target)
  if(MSVC)
    target_compile_options(${target} PRIVATE /W4 $<$<BOOL:${AGENTMEMDB_WERROR}>:/WX>)
    return()
  endif()
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
    $<$<BOOL:${AGENTMEMDB_WERROR}>:-Werror>)
  # GCC takes its own instrumentation for reads of what was never written.
  if(AGENTMEMDB_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
  endif()
endfunction()
