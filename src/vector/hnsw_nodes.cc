#include "vector/hnsw_nodes.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <new>

#include "base/prefetch.h"

namespace agentmemdb {
namespace {

size_t RoundUp(size_t value, size_t to) { return (value + to - 1) / to * to; }

// The space that the constructor of HierarchicalNSW asks for and does nothing with.
hnswlib::SpaceInterface<float>* const kNoSpace = nullptr;

// What a node without upper lists has there.
uint32_t empty_list = 0;

}  // namespace

HnswNodes::HnswNodes(uint32_t m, size_t code_bytes, size_t sketch_bytes)
    : HierarchicalNSW(kNoSpace), sketch_bytes_(sketch_bytes) {
  M_ = maxM_ = m;
  maxM0_ = 2 * static_cast<size_t>(m);
  mult_ = 1 / std::log(static_cast<double>(m));
  data_size_ = code_bytes;
  size_links_level0_ = maxM0_ * sizeof(hnswlib::tableint) + sizeof(hnswlib::linklistsizeint);
  size_links_per_element_ = maxM_ * sizeof(hnswlib::tableint) + sizeof(hnswlib::linklistsizeint);
  label_offset_ = RoundUp(size_links_level0_, sizeof(hnswlib::labeltype));
  // Codes on cache lines of their own: a walk reads them, and links, one without the other. Sketches end where codes begin: in
  // the line of the label, which has room for a short one.
  offsetData_ = RoundUp(label_offset_ + sizeof(hnswlib::labeltype) + sketch_bytes, kCacheLineBytes);
  size_data_per_element_ = offsetData_ + RoundUp(code_bytes, kCacheLineBytes);
}

HnswNodes::~HnswNodes() {
  for (uint32_t node = 0; node < bound(); ++node) {
    if (uint32_t* lists = Upper(node).load(std::memory_order_relaxed)) std::free(lists - 1);
  }
  // The base frees what it finds.
  data_level0_memory_ = nullptr;
  linkLists_ = nullptr;
}

void HnswNodes::Reserve(uint32_t bound) {
  if (bound <= max_elements_) return;
  if (bound > kNodesMax) throw std::bad_alloc();
  blocks_.Grow(bound * size_data_per_element_);
  data_level0_memory_ = reinterpret_cast<char*>(blocks_.data());
  norms_.Grow(bound * sizeof(float));
  upper_.Grow(bound * sizeof(std::atomic<uint32_t*>));
  linkLists_ = reinterpret_cast<char**>(upper_.data());
  max_elements_ = bound;
}

int HnswNodes::LevelOf(uint32_t node) const {
  const uint32_t* lists = Upper(node).load(std::memory_order_acquire);
  return lists == nullptr ? 0 : static_cast<int>(lists[-1]);
}

void HnswNodes::MakeLevels(uint32_t node, int level) {
  setExternalLabel(node, node);
  Links(node, 0).Assign({});
  if (uint32_t* old = Upper(node).exchange(nullptr)) {
    upper_bytes_ -= sizeof(uint32_t) + old[-1] * size_links_per_element_;
    std::free(old - 1);
  }
  if (level > 0) Upper(node).store(NewUpper(level), std::memory_order_release);
}

uint32_t* HnswNodes::NewUpper(int level) {
  const size_t bytes = sizeof(uint32_t) + static_cast<size_t>(level) * size_links_per_element_;
  auto* lists = static_cast<uint32_t*>(std::calloc(1, bytes));
  if (lists == nullptr) throw std::bad_alloc();
  lists[0] = static_cast<uint32_t>(level);
  upper_bytes_ += bytes;
  return lists + 1;
}

std::span<const uint32_t> HnswNodes::UpperWords(uint32_t node) const {
  return {Upper(node).load(std::memory_order_acquire), UpperWordsOf(LevelOf(node))};
}

void HnswNodes::SetUpperWords(uint32_t node, int level, std::span<const uint32_t> words) {
  uint32_t* lists = NewUpper(level);
  std::copy(words.begin(), words.end(), lists);
  Upper(node).store(lists, std::memory_order_release);
}

LinkList HnswNodes::UpperLinks(uint32_t node, int level) const {
  uint32_t* lists = Upper(node).load(std::memory_order_acquire);
  if (lists == nullptr || lists[-1] < static_cast<uint32_t>(level)) return LinkList(&empty_list);
  return LinkList(lists + static_cast<size_t>(level - 1) * (maxM_ + 1));
}

int HnswNodes::LevelFor(double uniform) const {
  // 1 - uniform is never 0.
  return std::min(kLevelMax, static_cast<int>(-std::log(1 - uniform) * mult_));
}

}  // namespace agentmemdb
