// A graph over given vectors, without the index around it.
#pragma once

#include <algorithm>
#include <thread>
#include <vector>

#include "support/vectors.h"
#include "vector/hnsw_linker.h"

namespace agentmemdb {

// A graph over all of `base`, built by so many threads.
class BuiltGraph {
 public:
  BuiltGraph(Metric metric, const VectorSet& base, uint32_t m, int threads)
      : format_(base.dimensions),
        nodes_(m, format_.code_bytes(), format_.sketch_bytes()),
        distances_(metric, &format_, &nodes_),
        linker_(&nodes_, &distances_, 80) {
    nodes_.Reserve(base.count());
    for (uint32_t i = 0; i < base.count(); ++i) WriteCode(format_, base[i].data(), i, &nodes_);
    for (uint32_t begin = 0; begin < base.count();) {
      const uint32_t end = std::min(base.count(), begin + HnswLinker::BatchMax(begin));
      std::vector<uint32_t> batch;
      for (uint32_t i = begin; i < end; ++i) batch.push_back(i);
      linker_.Begin(batch);
      std::vector<std::thread> others;
      for (int i = 1; i < threads; ++i) others.emplace_back([this] { Work(); });
      Work();
      for (std::thread& other : others) other.join();
      begin = end;
    }
  }

  const HnswNodes& nodes() const { return nodes_; }
  const CodeFormat& format() const { return format_; }
  const CodeDistances& distances() const { return distances_; }
  float distance_growth() const { return linker_.distance_growth(); }
  std::vector<uint32_t> Links(uint32_t node, int level) const {
    const LinkList list = nodes_.Links(node, level);
    std::vector<uint32_t> links;
    for (uint32_t i = 0; i < list.count(); ++i) links.push_back(list[i]);
    return links;
  }

 private:
  void Work() {
    while (linker_.Work() != HnswLinker::Progress::kDone) {
    }
  }

  CodeFormat format_;
  HnswNodes nodes_;
  CodeDistances distances_;
  HnswLinker linker_;
};

}  // namespace agentmemdb
