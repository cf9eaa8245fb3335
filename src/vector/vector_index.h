// The contract of every vector index: vectors by slot, searched by nearness.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "base/file.h"
#include "base/id_set.h"
#include "base/sections.h"
#include "base/status.h"
#include "base/types.h"
#include "vector/top_k.h"

namespace agentmemdb {

struct VectorSearch {
  VectorView query;                // dimensions floats; unit length when the metric is cosine
  uint32_t k = 10;                 // >= 1
  uint32_t ef = 100;               // candidates kept in a graph walk, raised to k if smaller
  bool exact = false;              // compare with everything
  std::span<const RowId> rows;     // by slot: breaks ties, higher first
  const IdSet* allowed = nullptr;  // slots that may be returned; nullptr = all
};

// How a search went about it.
enum class Strategy : uint8_t {
  kExact,   // compared the query with every vector that is allowed
  kScan,    // compared it with the code of every vector that is allowed, and again with the nearest vectors
  kGraph,   // walked the graph; a filter, if there is one, was asked afterwards
  kTwoHop,  // walked the graph from allowed node to allowed node
};

constexpr size_t kStrategies = 4;

struct VectorSearchResult {
  std::vector<Neighbor> neighbors;  // nearest first
  Strategy strategy = Strategy::kExact;
  uint32_t ef = 0;        // 0 without a graph
  uint32_t visited = 0;   // nodes of the graph whose codes were compared
  uint32_t scanned = 0;   // vectors or codes compared one by one
  uint32_t rescored = 0;  // candidates compared again with their vectors
  int64_t rescore_micros = 0;

  bool used_graph() const { return strategy == Strategy::kGraph || strategy == Strategy::kTwoHop; }
};

struct VectorIndexStats {
  uint32_t vectors = 0;
  uint32_t linked = 0;
  uint32_t tail = 0;     // wait to be linked
  uint32_t deleted = 0;  // nodes still in the graph that stand for nothing
  uint32_t slots = 0;    // reserved
  size_t memory_bytes = 0;
};

// Whether an index is what it should be.
struct VectorIndexCheck {
  uint32_t nodes = 0;        // of a graph, dead ones included
  uint32_t wrong_links = 0;  // to nodes that are not linked or do not reach the level, to itself, twice, or too many
  uint32_t unreachable = 0;  // living nodes that no way on level 0 leads to from the entry
  bool ok() const { return wrong_links == 0 && unreachable == 0; }
};

// How an index is written down: all parts of the vectors, to a file of their own, then all parts of each section in turn.
struct IndexParts {
  PartMaker vectors;
  std::vector<Section> sections;
  // Of the vectors file, complete when its last part is made.
  std::shared_ptr<std::vector<uint32_t>> crcs;
};

// Threads: Reserve, Add, Remove, TakeFreed, Read and UseFile exclude everything else (the engine's index lock held alone);
// Search, LinkSome, SettleSome, TidySome, HoldStill and stats run beside one another under the shared lock, any number of each;
// Stage needs no lock, one thread at a time.
class VectorIndex {
 public:
  virtual ~VectorIndex() = default;

  // Makes room so that `adds` calls of Add for slots below `bound` cannot fail. May throw std::bad_alloc.
  virtual void Reserve(uint32_t bound, uint32_t adds) = 0;
  // Writes the vector (dimensions floats, unit length when the metric is cosine) of a slot that has none, unseen by
  // searches until Add. May run beside searches: a bulk write copies here, and holds the lock only for Add.
  virtual void Stage(Slot slot, VectorView vector) = 0;
  // Shows the staged vector of a slot that has none.
  virtual void Add(Slot slot) = 0;
  // Forgets the vector of a slot that has one. Returns whether the slot may be given to Stage again at once; if not,
  // TakeFreed will tell.
  virtual bool Remove(Slot slot) = 0;
  // Appends slots that were removed and may be given to Stage again from now on.
  virtual void TakeFreed(std::vector<Slot>* slots) = 0;

  // Exactly min(k, vectors allowed) neighbours. Errors: kAborted, kTimeout, kLimit (memory).
  virtual Result<VectorSearchResult> Search(const VectorSearch& search, const CancelToken& cancel) const = 0;

  // Does one small piece, tens to hundreds of microseconds, of linking the waiting vectors into the graph and keeping it good.
  // Returns whether there is more to do. Errors: kLimit (memory).
  //   thorough  also look for unreachable vectors where few are new: that looks at the whole graph
  virtual Result<bool> LinkSome(bool thorough) = 0;
  virtual bool HasUnlinked() const = 0;
  // Vectors ever added; everything up to a mark is linked when LinkedMark() has reached it.
  virtual uint64_t AddedMark() const = 0;
  virtual uint64_t LinkedMark() const = 0;
  // Whether that is so, and LinkSome(thorough) has nothing to do for it.
  virtual bool IsLinked(uint64_t mark) const = 0;
  virtual VectorIndexStats stats() const = 0;

  virtual bool Has(Slot slot) const = 0;
  // Of a slot that has a vector: how far it is from the query (metric.h), exactly; and the vector, as Stage took it, good as long
  // as the slot is.
  virtual float RawOf(VectorView query, Slot slot) const = 0;
  virtual const float* VectorOf(Slot slot) const = 0;
  // Whether what is kept for a slot that has a vector was made of this one (as Stage takes it), but for rounding: other kernels
  // may have made it.
  virtual bool Holds(Slot slot, VectorView vector) const = 0;
  // Looks at everything, under HoldStill: milliseconds for 100,000 vectors. What is waiting to be linked or repaired is not wrong.
  virtual VectorIndexCheck Check() const = 0;
  // Whether nothing of a slot is used: neither a vector, nor what one that was removed has left.
  virtual bool IsFree(Slot slot) const = 0;

  // Index images. Whether the index is worth one: it takes long to build.
  virtual bool WantsImage() const = 0;
  // Raised by whatever LinkSome changes, by about as much.
  virtual uint64_t changes() const = 0;
  // Does one small piece of finishing what LinkSome has begun. Returns whether there is more. Errors: kLimit (memory).
  virtual Result<bool> SettleSome() = 0;
  // The same, and of taking out what removed vectors have left: nothing of them is kept when there is no more to do.
  virtual Result<bool> TidySome() = 0;
  // Keeps LinkSome from beginning anything while it is held. Holds nothing when something is begun and not finished.
  virtual std::unique_lock<std::mutex> HoldStill() = 0;
  // How to write it down. The index must live, and be as it is, until the last part is made; each part under HoldStill.
  virtual IndexParts Write() const = 0;
  // Makes an empty index what was written. Everything is checked before it is used. False: it was not, or not by an index
  // with the same options; this index is good for nothing then. May throw std::bad_alloc.
  virtual bool Read(SectionReader* image, MappedFile vectors) = 0;
  // Lets go of the vectors in memory for the same ones in a file just written. Everything as it was when it was written.
  // Returns the memory: freeing it takes long, and needs no lock.
  virtual std::shared_ptr<void> UseFile(MappedFile vectors, std::vector<uint32_t> crcs) = 0;
  // Reads every vector that is in the file. Returns whether all are those written.
  virtual bool VerifyFile() const = 0;
  // Whether bytes of the file were found to be others than those written: what is answered from then on may be wrong.
  virtual bool damaged() const = 0;
};

}  // namespace agentmemdb
