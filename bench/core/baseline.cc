#include "baseline.h"

#include <hnswlib/hnswlib.h>

namespace {

struct Baseline {
  Baseline(size_t dimensions, size_t count, size_t m, size_t ef_construction)
      : space(dimensions), index(&space, count, m, ef_construction) {}
  hnswlib::InnerProductSpace space;
  hnswlib::HierarchicalNSW<float> index;
};

}  // namespace

#define EXPORT __attribute__((visibility("default")))

EXPORT void* BaselineNew(size_t dimensions, size_t count, size_t m, size_t ef_construction) {
  return new Baseline(dimensions, count, m, ef_construction);
}

EXPORT void BaselineAdd(void* index, const float* vector, size_t label) {
  static_cast<Baseline*>(index)->index.addPoint(vector, label);
}

EXPORT void BaselineSearch(void* index, const float* query, size_t k, size_t ef, uint32_t* labels) {
  auto* baseline = static_cast<Baseline*>(index);
  baseline->index.setEf(ef);
  auto found = baseline->index.searchKnn(query, k);
  for (size_t i = 0; !found.empty(); found.pop()) labels[i++] = static_cast<uint32_t>(found.top().second);
}

EXPORT void BaselineDelete(void* index) { delete static_cast<Baseline*>(index); }

EXPORT BaselineDistance BaselineInnerProduct(size_t dimensions) {
  return hnswlib::InnerProductSpace(dimensions).get_dist_func();
}

EXPORT BaselineDistance BaselineSquaredL2(size_t dimensions) { return hnswlib::L2Space(dimensions).get_dist_func(); }
