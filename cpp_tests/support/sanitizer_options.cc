// What the thread sanitizer is told before anything runs, however the tests are started.
#if defined(__SANITIZE_THREAD__)

// hnswlib takes the mutexes of two nodes in either order. We link one vector at a time, with searches locked out.
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "deadlock:hnswlib::\n"; }

#endif
