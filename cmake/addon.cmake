file(GLOB binding_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/src/binding/*.cc")
add_library(agentmemdb SHARED ${binding_sources} ${CMAKE_JS_SRC})
set_target_properties(agentmemdb PROPERTIES PREFIX "" SUFFIX ".node")
target_include_directories(agentmemdb SYSTEM PRIVATE ${CMAKE_JS_INC})
target_compile_definitions(agentmemdb PRIVATE
  NAPI_VERSION=8
  NAPI_CPP_EXCEPTIONS
  # Without it, terminating a worker thread while one of its calls settles aborts the whole process.
  NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
  BUILDING_NODE_EXTENSION)
target_link_libraries(agentmemdb PRIVATE agentmemdb_core agentmemdb::json ${CMAKE_JS_LIB})
agentmemdb_warnings(agentmemdb)

# Another addon in the process may carry its own SQLite or hnswlib: only the two entry points may be visible.
if(APPLE)
  target_link_options(agentmemdb PRIVATE -undefined dynamic_lookup
    -Wl,-exported_symbol,_napi_register_module_v1 -Wl,-exported_symbol,_node_api_module_get_api_version_v1)
elseif(NOT WIN32)
  set(exports "${CMAKE_CURRENT_SOURCE_DIR}/cmake/addon.map")
  target_link_options(agentmemdb PRIVATE "-Wl,--version-script=${exports}" -Wl,--exclude-libs,ALL
    -Wl,--gc-sections $<$<CONFIG:Release>:-s>)
  set_target_properties(agentmemdb PROPERTIES LINK_DEPENDS "${exports}")
endif()
