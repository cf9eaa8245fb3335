if(AGENTMEMDB_SANITIZE STREQUAL "")
  return()
elseif(AGENTMEMDB_SANITIZE STREQUAL "address")
  set(sanitizers address,undefined)
elseif(AGENTMEMDB_SANITIZE STREQUAL "thread")
  set(sanitizers thread)
else()
  message(FATAL_ERROR "AGENTMEMDB_SANITIZE must be address or thread, not '${AGENTMEMDB_SANITIZE}'")
endif()

# The dependencies that are compiled here are instrumented too: a race inside SQLite or hnswlib caused by us shows there.
add_compile_options(-fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g -UNDEBUG)
add_compile_definitions($<$<COMPILE_LANGUAGE:CXX>:_GLIBCXX_ASSERTIONS>)
add_link_options(-fsanitize=${sanitizers})
if(AGENTMEMDB_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
# hnswlib's prefetches read the link after a list's last: no allocator ends a block within that word, but ASan sees it.
add_compile_definitions(NO_MANUAL_VECTORIZATION)
