#include "vector/hnsw_index.h"

#include <hnswlib/hnswlib.h>

#include <cstring>
#include <limits>
#include <mutex>
#include <shared_mutex>

#include "base/check.h"

namespace agentmemdb {
namespace {

constexpr Slot kNoSlot{std::numeric_limits<uint32_t>::max()};
constexpr uint32_t kLinked = std::numeric_limits<uint32_t>::max();
constexpr uint32_t kLevelSeed = 100;
constexpr size_t kFirstCapacity = 1024;
constexpr uint32_t kFewAllowed = 10;  // A tenth of all, or fewer.

// hnswlib compares what its nodes store. Ours store a pointer to the vector, so that there is one copy of each.
class PointerSpace final : public hnswlib::SpaceInterface<float> {
 public:
  PointerSpace(DistanceKernel kernel, size_t dimensions) : parameters_{kernel, dimensions} {}
  size_t get_data_size() override { return sizeof(const float*); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return Compare; }
  void* get_dist_func_param() override { return &parameters_; }

 private:
  struct Parameters {
    DistanceKernel kernel;
    size_t dimensions;
  };
  static const float* Load(const void* node) {
    const float* vector;
    std::memcpy(&vector, node, sizeof vector);  // hnswlib packs nodes: the pointer may be unaligned.
    return vector;
  }
  static float Compare(const void* a, const void* b, const void* parameters) {
    const auto* p = static_cast<const Parameters*>(parameters);
    return p->kernel(Load(a), Load(b), p->dimensions);
  }

  Parameters parameters_;
};

class AllowedFunctor final : public hnswlib::BaseFilterFunctor {
 public:
  explicit AllowedFunctor(const IdSet* allowed) : allowed_(allowed) {}
  bool operator()(hnswlib::labeltype label) override { return allowed_->Contains(Slot{static_cast<uint32_t>(label)}); }

 private:
  const IdSet* allowed_;
};

Status FromException(const std::exception& error, const char* doing) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr)
    return Status(Code::kLimit, std::string("out of memory while ") + doing);
  return Status(Code::kInternal, std::string("hnswlib failed while ") + doing + ": " + error.what());
}

}  // namespace

// The hnswlib object and the few things we ask of it. Locked by the owner.
class HnswIndex::Graph {
 public:
  Graph(const HnswConfig& config, DistanceKernel kernel, uint32_t dimensions)
      : space_(kernel, dimensions), hnsw_(&space_, kFirstCapacity, config.m, config.ef_construction, kLevelSeed) {}

  size_t nodes() const { return hnsw_.cur_element_count; }
  size_t dead() const { return hnsw_.num_deleted_; }
  size_t memory_bytes() const {
    // hnswlib's own bookkeeping per node (mutex, list pointer, level, label map entry) is about 100 bytes.
    return hnsw_.max_elements_ * (hnsw_.size_data_per_element_ + 100);
  }

  void Link(Slot slot, const float* vector) {
    if (hnsw_.cur_element_count == hnsw_.max_elements_) hnsw_.resizeIndex(hnsw_.max_elements_ * 2);
    hnsw_.addPoint(&vector, ToInt(slot));
  }

  void Bury(Slot slot) { hnsw_.markDelete(ToInt(slot)); }

  // Like searchKnn, with an ef of its own for each search: hnswlib keeps one for all.
  void Search(const float* query, uint32_t ef, const IdSet* allowed, std::vector<Slot>* slots) const {
    if (hnsw_.cur_element_count == 0) return;
    const hnswlib::tableint entry = Descend(query);
    AllowedFunctor allows(allowed);
    auto found = hnsw_.num_deleted_ == 0 && allowed == nullptr
                     ? hnsw_.searchBaseLayerST<true>(entry, &query, ef)
                     : hnsw_.searchBaseLayerST<false>(entry, &query, ef, allowed == nullptr ? nullptr : &allows);
    for (; !found.empty(); found.pop())
      slots->push_back(Slot{static_cast<uint32_t>(hnsw_.getExternalLabel(found.top().second))});
  }

 private:
  // Greedy walk through the upper levels to a good place to enter level 0.
  hnswlib::tableint Descend(const float* query) const {
    hnswlib::tableint here = hnsw_.enterpoint_node_;
    float nearest = Compare(query, here);
    for (int level = hnsw_.maxlevel_; level > 0; --level) {
      for (bool moved = true; moved;) {
        moved = false;
        hnswlib::linklistsizeint* list = hnsw_.get_linklist(here, level);
        const auto* links = reinterpret_cast<const hnswlib::tableint*>(list + 1);
        const int count = hnsw_.getListCount(list);
        for (int i = 0; i < count; ++i) {
          const float distance = Compare(query, links[i]);
          if (distance < nearest) {
            nearest = distance;
            here = links[i];
            moved = true;
          }
        }
      }
    }
    return here;
  }

  float Compare(const float* query, hnswlib::tableint node) const {
    return hnsw_.fstdistfunc_(&query, hnsw_.getDataByInternalId(node), hnsw_.dist_func_param_);
  }

  PointerSpace space_;
  hnswlib::HierarchicalNSW<float> hnsw_;
};

HnswIndex::HnswIndex(Metric metric, uint32_t dimensions, const HnswConfig& config)
    : config_(config), flat_(metric, dimensions) {}

HnswIndex::~HnswIndex() = default;

void HnswIndex::Reserve(uint32_t bound, uint32_t adds) {
  flat_.Reserve(bound, adds);
  if (bound > tail_position_.size()) tail_position_.resize(bound);
  if (const size_t consumed = tail_head_ + tail_holes_; consumed > 1024 && consumed > tail_.size() / 2)
    DropConsumedTail();
  // Geometric growth: reserving exactly would copy the tail with every commit.
  if (const size_t wanted = tail_.size() + adds; wanted > tail_.capacity())
    tail_.reserve(std::max(wanted, tail_.capacity() * 2));
}

// Keeps marks right: the entries dropped count as passed.
void HnswIndex::DropConsumedTail() {
  size_t kept = 0;
  for (size_t i = tail_head_; i < tail_.size(); ++i) {
    const Slot slot = tail_[i];
    if (slot == kNoSlot) continue;
    tail_[kept] = slot;
    tail_position_[ToInt(slot)] = static_cast<uint32_t>(kept++);
  }
  tail_base_ += tail_.size() - kept;
  tail_.resize(kept);
  tail_head_ = 0;
  tail_holes_ = 0;
}

void HnswIndex::Add(Slot slot) {
  flat_.Add(slot);
  tail_position_[ToInt(slot)] = static_cast<uint32_t>(tail_.size());
  tail_.push_back(slot);
}

bool HnswIndex::Remove(Slot slot) {
  flat_.Remove(slot);
  const uint32_t position = tail_position_[ToInt(slot)];
  if (position == kLinked) {
    graph_->Bury(slot);
    return false;
  }
  tail_[position] = kNoSlot;
  ++tail_holes_;
  return true;
}

Result<VectorSearchResult> HnswIndex::Search(const VectorSearch& search, const CancelToken& cancel) const {
  const uint32_t allowed = flat_.CountAllowed(search.allowed);
  // Where few are allowed, walking past all the others costs more than comparing those few.
  const bool few = search.allowed != nullptr && allowed < std::max(config_.min_size, flat_.count() / kFewAllowed);
  if (search.exact || !WantsGraph() || few) return flat_.Search(search, cancel);
  try {
    Result<VectorSearchResult> found = SearchGraphAndTail(search, cancel);
    // A graph promises near vectors, not all of them; the caller is promised min(k, allowed).
    if (found.ok() && found->neighbors.size() < std::min(search.k, allowed)) return flat_.Search(search, cancel);
    return found;
  } catch (const std::exception& error) {
    return FromException(error, "searching");
  }
}

Result<VectorSearchResult> HnswIndex::SearchGraphAndTail(const VectorSearch& search, const CancelToken& cancel) const {
  TopK best(search.k);
  VectorSearchResult result;
  result.used_graph = true;
  result.ef = std::max(search.ef, search.k);

  std::shared_lock guard(graph_lock_);
  if (graph_ != nullptr) {
    std::vector<Slot> candidates;
    graph_->Search(search.query.data(), result.ef, search.allowed, &candidates);
    RETURN_IF_ERROR(flat_.Scan(candidates, search, cancel, &best));
  }
  RETURN_IF_ERROR(flat_.Scan(Tail(), search, cancel, &best));
  result.scanned = static_cast<uint32_t>(Tail().size()) - tail_holes_;
  result.neighbors = best.Take();
  return result;
}

Result<bool> HnswIndex::LinkOne() {
  if (!WantsGraph()) return false;
  std::unique_lock guard(graph_lock_);
  while (tail_head_ < tail_.size() && tail_[tail_head_] == kNoSlot) {
    ++tail_head_;
    --tail_holes_;
  }
  if (tail_head_ < tail_.size()) {
    const Slot slot = tail_[tail_head_];
    try {
      if (graph_ == nullptr) graph_ = std::make_unique<Graph>(config_, flat_.kernel(), flat_.table().dimensions());
      graph_->Link(slot, flat_.Vector(slot));
    } catch (const std::exception& error) {
      return FromException(error, "linking");
    }
    tail_position_[ToInt(slot)] = kLinked;
    ++tail_head_;
  }
  if (tail_head_ < tail_.size()) return true;
  tail_base_ += tail_.size();
  tail_.clear();
  tail_head_ = 0;
  return false;
}

bool HnswIndex::HasUnlinked() const {
  if (!WantsGraph()) return false;
  std::shared_lock guard(graph_lock_);
  return tail_head_ < tail_.size();
}

uint64_t HnswIndex::AddedMark() const {
  std::shared_lock guard(graph_lock_);
  return tail_base_ + tail_.size();
}

uint64_t HnswIndex::LinkedMark() const {
  std::shared_lock guard(graph_lock_);
  return tail_base_ + (WantsGraph() ? tail_head_ : tail_.size());
}

VectorIndexStats HnswIndex::stats() const {
  VectorIndexStats stats = flat_.stats();
  std::shared_lock guard(graph_lock_);
  if (WantsGraph()) stats.tail = static_cast<uint32_t>(Tail().size()) - tail_holes_;
  if (graph_ != nullptr) {
    stats.deleted = static_cast<uint32_t>(graph_->dead());
    stats.linked = static_cast<uint32_t>(graph_->nodes()) - stats.deleted;
    stats.memory_bytes += graph_->memory_bytes();
  }
  stats.memory_bytes += tail_.capacity() * sizeof(Slot) + tail_position_.capacity() * sizeof(uint32_t);
  return stats;
}

}  // namespace agentmemdb
