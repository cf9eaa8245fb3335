target_include_directories(agentmemdb_sqlite SYSTEM PUBLIC "${SQLITE_DIR}")
target_link_libraries(agentmemdb_sqlite PUBLIC Threads::Threads ${CMAKE_DL_LIBS})
target_compile_definitions(agentmemdb_sqlite PRIVATE
  # One connection is used by one thread at a time; the engine sees to that.
  SQLITE_THREADSAFE=2
  SQLITE_DQS=0
  SQLITE_DEFAULT_MEMSTATUS=0
  # A mapped page past a file that another process cut short would end the process with SIGBUS.
  SQLITE_MAX_MMAP_SIZE=0
  SQLITE_DEFAULT_MMAP_SIZE=0
  SQLITE_DEFAULT_SYNCHRONOUS=2
  SQLITE_DEFAULT_WAL_SYNCHRONOUS=2
  # Checkpoints are started by the engine, never inside somebody's commit.
  SQLITE_DEFAULT_WAL_AUTOCHECKPOINT=0
  SQLITE_LIKE_DOESNT_MATCH_BLOBS
  SQLITE_OMIT_DEPRECATED
  SQLITE_OMIT_SHARED_CACHE
  SQLITE_OMIT_LOAD_EXTENSION
  SQLITE_OMIT_TCL_VARIABLE
  SQLITE_OMIT_GET_TABLE
  SQLITE_OMIT_COMPLETE
  SQLITE_USE_URI=0
  SQLITE_USE_ALLOCA
  HAVE_STDINT_H=1
  HAVE_USLEEP=1)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  target_compile_definitions(agentmemdb_sqlite PRIVATE HAVE_FDATASYNC=1 HAVE_GMTIME_R=1 HAVE_LOCALTIME_R=1
    HAVE_STRERROR_R=1 HAVE_MALLOC_USABLE_SIZE=1 HAVE_MALLOC_H=1 HAVE_PREAD64=1 HAVE_PWRITE64=1)
endif()
if(NOT MSVC)
  target_compile_options(agentmemdb_sqlite PRIVATE -w)
endif()
