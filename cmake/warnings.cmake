function(agentmemdb_warnings target)
  if(MSVC)
    target_compile_options(${target} PRIVATE /W4 /WX)
    return()
  endif()
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
  # GCC takes its own instrumentation for reads of what was never written.
  if(AGENTMEMDB_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
  endif()
endfunction()
