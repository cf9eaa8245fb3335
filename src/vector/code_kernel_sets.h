// The sets that code_kernels.cc chooses from. A set is there where its CPU may be.
#pragma once

#include "vector/code_kernels.h"

namespace agentmemdb {

extern const CodeKernels kScalarCodeKernels;
// Its members that serve as they are in a set without its own.
void HadamardScalar(float* values, size_t size);
size_t InsertScalar(int64_t* sorted, size_t n, int64_t key);
#if defined(__x86_64__)
extern const CodeKernels kAvx2CodeKernels, kAvx512CodeKernels;
#elif defined(__aarch64__)
extern const CodeKernels kNeonCodeKernels;
#endif

}  // namespace agentmemdb
