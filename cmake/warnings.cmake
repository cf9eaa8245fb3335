function(agentmemdb_warnings target)
  if(MSVC)
    target_compile_options(${target} PRIVATE /W4 /WX)
    return()
  endif()
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
endfunction()
