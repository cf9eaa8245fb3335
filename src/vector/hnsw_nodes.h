// The nodes of the graph: hnswlib's HierarchicalNSW, its format of nodes and links, in memory of ours. A node has its links of
// level 0, a label, and its vector's sketch and code; its number is its slot.
//
// Not hnswlib's: growing (it moves everything), its mutexes, insertion and search (hnsw_linker.h, hnsw_walk.h). Link lists are read by searches while a linker changes them: each number in them is loaded and
// stored on its own, relaxed, so a list read in the middle of a change is a mix of old and new nodes, all of them valid.
#pragma once

#include <hnswlib/hnswlib.h>

#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>

#include "base/memory.h"
#include "base/types.h"

namespace agentmemdb {

// Nodes are numbered below this.
constexpr uint32_t kNodesMax = uint32_t{1} << 31;
// No node has more levels above level 0.
constexpr int kLevelMax = 30;

// A list of links as hnswlib stores it: one word with how many (and, on level 0, whether the node is deleted), then the nodes.
class LinkList {
 public:
  explicit LinkList(uint32_t* words) : words_(words) {}

  uint32_t count() const { return Load(0) & kCountMask; }
  uint32_t operator[](uint32_t i) const { return Load(i + 1); }
  bool deleted() const { return (Load(0) & kDeleted) != 0; }
  // One writer at a time for each list. `nodes`: no more than it has room for.
  void Assign(std::span<const uint32_t> nodes) {
    for (uint32_t i = 0; i < nodes.size(); ++i) Store(i + 1, nodes[i]);
    SetCount(static_cast<uint32_t>(nodes.size()));
  }
  void Append(uint32_t node) {
    const uint32_t count = this->count();
    Store(count + 1, node);
    SetCount(count + 1);
  }
  void SetDeleted(bool deleted) { Store(0, count() | (deleted ? kDeleted : 0)); }
  const uint32_t* words() const { return words_; }

 private:
  static constexpr uint32_t kCountMask = 0xFFFF;
  static constexpr uint32_t kDeleted = uint32_t{hnswlib::HierarchicalNSW<float>::DELETE_MARK} << 16;

  uint32_t Load(uint32_t i) const { return std::atomic_ref(words_[i]).load(std::memory_order_relaxed); }
  void Store(uint32_t i, uint32_t value) { std::atomic_ref(words_[i]).store(value, std::memory_order_relaxed); }
  void SetCount(uint32_t count) { Store(0, (Load(0) & ~kCountMask) | count); }

  uint32_t* words_;
};

// Threads: Reserve excludes everything else; MakeLevels and set_entry: one thread at a time, beside readers. A code is
// written before its slot is shown, under the owner's lock.
class HnswNodes : private hnswlib::HierarchicalNSW<float> {
 public:
  // m: links per node and level, twice that on level 0. sketch_bytes: a multiple of 8.
  HnswNodes(uint32_t m, size_t code_bytes, size_t sketch_bytes);
  ~HnswNodes() override;

  // Makes room for every node below `bound`. May throw std::bad_alloc; nothing is changed then.
  void Reserve(uint32_t bound);
  uint32_t bound() const { return static_cast<uint32_t>(max_elements_); }
  size_t memory_bytes() const {
    return max_elements_ * (size_data_per_element_ + (unit() ? 0 : sizeof(float)) + sizeof(uint32_t*)) + upper_bytes_;
  }

  uint32_t m() const { return static_cast<uint32_t>(M_); }
  uint32_t LinksMax(int level) const { return static_cast<uint32_t>(level == 0 ? maxM0_ : maxM_); }

  const uint8_t* Code(uint32_t node) const { return Block(node) + offsetData_; }
  uint8_t* Code(uint32_t node) { return Block(node) + offsetData_; }
  const uint8_t* Sketch(uint32_t node) const { return Code(node) - sketch_bytes_; }
  uint8_t* Sketch(uint32_t node) { return Code(node) - sketch_bytes_; }
  // Of the vector, as CodeFormat::Encode returned it; 1 where it is that as nearly as a code can tell.
  float Norm(uint32_t node) const { return std::bit_cast<float>(norms()[node] ^ kUnitBits); }
  void set_norm(uint32_t node, float norm) {
    const bool is_unit = std::abs(norm - 1) <= kUnitTolerance;
    if (!is_unit) unit_.store(false, std::memory_order_relaxed);
    const uint32_t bits = is_unit ? 0 : std::bit_cast<uint32_t>(norm) ^ kUnitBits;
    if (norms()[node] != bits) norms()[node] = bits;
  }
  // Whether every norm ever set is 1: then there is no need to look.
  bool unit() const { return unit_.load(std::memory_order_relaxed); }

  // An empty list where the node does not reach `level`.
  LinkList Links(uint32_t node, int level) const {
    if (level == 0) return LinkList(reinterpret_cast<uint32_t*>(Block(node)));
    return UpperLinks(node, level);
  }
  // The highest level of a node, 0 for one that was never given levels.
  int LevelOf(uint32_t node) const;
  // A deleted node leads on, and is never an answer.
  bool IsDeleted(uint32_t node) const { return Links(node, 0).deleted(); }
  // Gives a node empty lists up to `level`. May throw std::bad_alloc.
  void MakeLevels(uint32_t node, int level);

  // Where every search begins: a node of the highest level; level -1 while there is no node.
  struct Entry {
    uint32_t node = 0;
    int level = -1;
  };
  Entry entry() const {
    const uint64_t packed = entry_.load(std::memory_order_acquire);
    return {static_cast<uint32_t>(packed), static_cast<int>(packed >> 32) - 1};
  }
  void set_entry(Entry entry) {
    entry_.store(static_cast<uint64_t>(entry.level + 1) << 32 | entry.node, std::memory_order_release);
  }

  // For images. A node as it lies in memory: links of level 0, label, sketch, code.
  size_t block_bytes() const { return size_data_per_element_; }
  std::span<const std::byte> BlockOf(uint32_t node) const {
    return blocks().subspan(node * block_bytes(), block_bytes());
  }
  // Of every node below bound().
  std::span<std::byte> blocks() const { return {blocks_.data(), max_elements_ * block_bytes()}; }
  // Has memory found for the blocks from that part of them on, while somebody fills the others.
  void Populate(double from) const {
    const size_t bytes = blocks().size();
    blocks_.Populate(static_cast<size_t>(from * static_cast<double>(bytes)), bytes);
  }
  // Words of a node's lists from level 1 up; none where it has none.
  std::span<const uint32_t> UpperWords(uint32_t node) const;
  size_t UpperWordsOf(int level) const { return static_cast<size_t>(level) * (maxM_ + 1); }
  // Gives a node that has none lists up to `level`, as they were. May throw std::bad_alloc.
  void SetUpperWords(uint32_t node, int level, std::span<const uint32_t> words);

  // hnswlib's rule: floor(-ln(uniform) / ln(m)), for `uniform` in [0, 1).
  int LevelFor(double uniform) const;

 private:
  uint8_t* Block(uint32_t node) const {
    return reinterpret_cast<uint8_t*>(data_level0_memory_) + node * size_data_per_element_;
  }
  // What hnswlib keeps in linkLists_: the lists of levels 1, 2, ...; before them, of ours, their number.
  std::atomic<uint32_t*>& Upper(uint32_t node) const {
    return reinterpret_cast<std::atomic<uint32_t*>*>(linkLists_)[node];
  }
  LinkList UpperLinks(uint32_t node, int level) const;
  // Empty lists. May throw std::bad_alloc.
  uint32_t* NewUpper(int level);

  static constexpr float kUnitTolerance = 1e-4f;
  static constexpr auto kUnitBits = std::bit_cast<uint32_t>(1.0f);

  // Side by side, not in the nodes: comparing a code would wait for one more line of memory. 1 is kept as 0, so that vectors of
  // length 1 take no memory here: theirs is never written.
  uint32_t* norms() const { return reinterpret_cast<uint32_t*>(norms_.data()); }

  size_t sketch_bytes_;
  GrowingMemory blocks_, norms_, upper_;
  std::atomic<size_t> upper_bytes_{0};
  std::atomic<uint64_t> entry_{0};
  std::atomic<bool> unit_{true};
};

}  // namespace agentmemdb
