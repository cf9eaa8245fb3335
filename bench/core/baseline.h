// Plain hnswlib, compiled for this very CPU, in a shared library of its own: its inline functions must not be mixed with ours.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {
void* BaselineNew(size_t dimensions, size_t count, size_t m, size_t ef_construction);
void BaselineAdd(void* index, const float* vector, size_t label);
// Fills `labels` with k labels, in no order.
void BaselineSearch(void* index, const float* query, size_t k, size_t ef, uint32_t* labels);
void BaselineDelete(void* index);

// hnswlib's own kernels for this length. `dimensions` points to a size_t.
using BaselineDistance = float (*)(const void* a, const void* b, const void* dimensions);
BaselineDistance BaselineInnerProduct(size_t dimensions);
BaselineDistance BaselineSquaredL2(size_t dimensions);
}
