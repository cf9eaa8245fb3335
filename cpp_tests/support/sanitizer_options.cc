// What the thread sanitizer is told before anything runs, however the tests are started.
#if defined(__SANITIZE_THREAD__)

// hnswlib takes the mutexes of two nodes in either order. That is harmless, since we link one vector at a time with searches
// locked out, but it drowns everything else: by the hundred, and often without a stack that a suppression could name. Our
// own locks are taken in the order of engine/database.h; the index locks are built of a condition variable, which this check
// cannot follow anyway.
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "detect_deadlocks=0"; }

#endif
