// A graph as an index image holds it, and back. What is read is anybody's: after Read every link leads to a node that is there
// and reaches the level, and every number that memory is addressed by is in its bounds.
#include <algorithm>
#include <optional>

#include "base/beside.h"
#include "base/crc32c.h"
#include "base/random.h"
#include "vector/hnsw_index.h"

namespace agentmemdb {
namespace {

// Raised when what the sections mean changes.
constexpr uint32_t kLayout = 1;
// Where a machine gets its memory from another one, finding it takes longer than reading: a thread does so for the rest while this
// part is read.
constexpr double kReadUnpopulated = 0.4;
constexpr size_t kPopulateMin = size_t{8} << 20;  // Less is sooner read than a thread begun.
// No data has distances that grow faster; a search asks for powers of it.
constexpr float kDistanceGrowthMax = 100;

// What one vector becomes as a code: an image whose codes were made in another way has another number there.
uint32_t ProbeOf(const CodeFormat& format) {
  Random random(1);
  std::vector<float> vector(format.dimensions());
  for (float& x : vector) x = static_cast<float>(random.Unit() - 0.5);
  std::vector<uint8_t> code(format.code_bytes());
  format.Encode(vector.data(), code.data());
  return Crc32c(0, code.data(), code.size());
}

}  // namespace

enum class HnswIndex::SlotState : uint8_t { kFree, kWaiting, kLinked, kDead };

struct HnswIndex::ImageHead {
  uint32_t layout, dimensions, metric, m, code_bytes, block_bytes, code_probe;
  uint32_t bound;
  uint32_t entry_node;
  int32_t entry_level;
  uint32_t linked_since_repair;
  float distance_growth;  // of HnswLinker

  bool SameKind(const ImageHead& other) const {
    return layout == other.layout && dimensions == other.dimensions && metric == other.metric && m == other.m &&
           code_bytes == other.code_bytes && block_bytes == other.block_bytes && code_probe == other.code_probe;
  }
};

std::unique_lock<std::mutex> HnswIndex::HoldStill() {
  std::unique_lock guard(link_mutex_, std::try_to_lock);
  if (guard && (linker_.busy() || repair_.busy() || !batch_.empty())) guard.unlock();
  return guard;
}

HnswIndex::SlotState HnswIndex::StateOf(uint32_t slot) const {
  const bool linked = nodes_linked_.Contains(Slot{slot});
  if (flat_.Has(Slot{slot})) return linked ? SlotState::kLinked : SlotState::kWaiting;
  return linked ? SlotState::kDead : SlotState::kFree;
}

HnswIndex::ImageHead HnswIndex::Head() const {
  const HnswNodes::Entry entry = nodes_.entry();
  return {kLayout,
          format_.dimensions(),
          static_cast<uint32_t>(metric_),
          nodes_.m(),
          static_cast<uint32_t>(format_.code_bytes()),
          static_cast<uint32_t>(nodes_.block_bytes()),
          ProbeOf(format_),
          nodes_.bound(),
          entry.node,
          entry.level,
          linked_since_repair_,
          linker_.distance_growth()};
}

IndexParts HnswIndex::Write() const {
  const uint32_t bound = nodes_.bound();
  const ImageHead head = Head();
  IndexParts parts;
  parts.crcs = std::make_shared<std::vector<uint32_t>>();
  parts.vectors = flat_.table().Write(
      bound, [this](Slot slot) { return flat_.Has(slot); }, parts.crcs);
  auto& sections = parts.sections;
  sections.push_back(ArraySection("graph", 1, [head](size_t) { return head; }));
  sections.push_back(ArraySection("states", bound, [this](size_t i) { return StateOf(static_cast<uint32_t>(i)); }));
  // Of a slot that is not used nothing is kept: it may hold what was deleted.
  sections.push_back(SectionOf("blocks", bound, nodes_.block_bytes(), [this](size_t i, Bytes* part) {
    const auto node = static_cast<uint32_t>(i);
    if (StateOf(node) == SlotState::kFree) return part->resize(part->size() + nodes_.block_bytes());
    const std::span<const std::byte> block = nodes_.BlockOf(node);
    part->insert(part->end(), block.begin(), block.end());
  }));
  sections.push_back(ArraySection("norms", bound, [this](size_t i) {
    return StateOf(static_cast<uint32_t>(i)) == SlotState::kFree ? 1.0f : nodes_.Norm(static_cast<uint32_t>(i));
  }));
  // Of nodes with more than one level: node, level, lists.
  sections.push_back(SectionOf("upper", bound, sizeof(uint64_t), [this](size_t i, Bytes* part) {
    const auto node = static_cast<uint32_t>(i);
    const int level = nodes_linked_.Contains(Slot{node}) ? nodes_.LevelOf(node) : 0;
    if (level == 0) return;
    AppendValue(part, node);
    AppendValue(part, level);
    for (const uint32_t word : nodes_.UpperWords(node)) AppendValue(part, word);
  }));
  sections.push_back(SectionOf("tail", tail_.size() - tail_head_, sizeof(uint32_t),
                               [this, head = tail_head_.load()](size_t i, Bytes* part) {
                                 if (tail_[head + i] != kNoSlot) AppendValue(part, tail_[head + i]);
                               }));
  // Asked for last, when the vectors are written.
  sections.push_back({"crcs", [crcs = parts.crcs](Bytes* part) {
                        for (const uint32_t crc : *crcs) AppendValue(part, crc);
                        return false;
                      }});
  return parts;
}

bool HnswIndex::Read(SectionReader* image, MappedFile vectors) {
  ImageHead head{};
  std::vector<uint32_t> crcs;
  if (!image->ReadValue("graph", &head) || !head.SameKind(Head()) || head.bound > kNodesMax) return false;
  // Before memory is reserved: as much as the file has.
  if (image->BytesOf("blocks") != head.bound * nodes_.block_bytes()) return false;
  if (!image->ReadArray("crcs", &crcs) || !flat_.table()->Map(std::move(vectors), head.bound, std::move(crcs)))
    return false;
  if (!(head.distance_growth >= 0 && head.distance_growth <= kDistanceGrowthMax)) return false;  // A NaN, too.
  linker_.set_distance_growth(head.distance_growth);
  Reserve(head.bound, 0);
  return ReadNodes(image) && ReadStates(image, head) && ReadUpper(image) && ReadTail(image);
}

bool HnswIndex::ReadNodes(SectionReader* image) {
  {
    std::optional<Beside> populate;
    if (nodes_.blocks().size() >= kPopulateMin) populate.emplace([this] { nodes_.Populate(kReadUnpopulated); });
    if (!image->Read("blocks", nodes_.blocks())) return false;
  }
  std::vector<float> norms;
  if (!image->ReadArray("norms", &norms, nodes_.bound())) return false;
  for (uint32_t node = 0; node < nodes_.bound(); ++node) {
    if (!(norms[node] >= 0 && norms[node] <= kNormMax)) return false;  // A NaN, too.
    nodes_.set_norm(node, norms[node]);
    // Quicker made than checked.
    format_.MakeSketch(nodes_.Code(node), nodes_.Sketch(node));
  }
  return true;
}

bool HnswIndex::ReadStates(SectionReader* image, const ImageHead& head) {
  std::vector<SlotState> states;
  if (!image->ReadArray("states", &states, head.bound)) return false;
  uint32_t linked = 0, dead = 0;
  for (uint32_t node = 0; node < head.bound; ++node) {
    const SlotState state = states[node];
    if (state > SlotState::kDead) return false;
    if (state == SlotState::kWaiting || state == SlotState::kLinked) flat_.Add(Slot{node});
    if (state == SlotState::kLinked || state == SlotState::kDead) {
      nodes_linked_.Add(Slot{node});
      ++linked;
      dead += state == SlotState::kDead;
    } else {
      nodes_.Links(node, 0).Assign({});
    }
    nodes_.Links(node, 0).SetDeleted(state == SlotState::kDead);
  }
  linked_ = linked;
  dead_ = dead;
  linked_since_repair_ = std::min(head.linked_since_repair, linked);
  if (linked == 0) return head.entry_level == -1;
  if (head.entry_level < 0 || head.entry_level > kLevelMax) return false;
  nodes_.set_entry({head.entry_node, head.entry_level});
  return nodes_linked_.Contains(Slot{head.entry_node});
}

bool HnswIndex::ReadUpper(SectionReader* image) {
  std::vector<uint32_t> words;
  if (!image->ReadArray("upper", &words)) return false;
  std::span<const uint32_t> left = words;
  while (!left.empty()) {
    if (left.size() < 2 || left[1] < 1 || left[1] > kLevelMax) return false;
    const uint32_t node = left[0];
    const auto level = static_cast<int>(left[1]);
    const size_t count = nodes_.UpperWordsOf(level);
    if (!nodes_linked_.Contains(Slot{node}) || nodes_.LevelOf(node) != 0 || left.size() - 2 < count) return false;
    nodes_.SetUpperWords(node, level, left.subspan(2, count));
    left = left.subspan(2 + count);
  }
  const HnswNodes::Entry entry = nodes_.entry();
  if (linked_ > 0 && nodes_.LevelOf(entry.node) != entry.level) return false;
  for (std::optional<Slot> slot = nodes_linked_.Next(Slot{0}); slot;
       slot = nodes_linked_.Next(Slot{ToInt(*slot) + 1})) {
    for (int level = nodes_.LevelOf(ToInt(*slot)); level >= 0; --level) {
      if (!LinksAreSound(ToInt(*slot), level)) return false;
    }
  }
  return true;
}

bool HnswIndex::LinksAreSound(uint32_t node, int level) const {
  const LinkList links = nodes_.Links(node, level);
  const uint32_t count = links.count();
  if (count > nodes_.LinksMax(level)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    if (!nodes_linked_.Contains(Slot{links[i]}) || (level > 0 && nodes_.LevelOf(links[i]) < level)) return false;
  }
  return true;
}

bool HnswIndex::ReadTail(SectionReader* image) {
  if (!image->ReadArray("tail", &tail_, flat_.count() - (linked_ - dead_))) return false;
  for (uint32_t i = 0; i < tail_.size(); ++i) {
    const uint32_t slot = tail_[i];
    if (slot >= nodes_.bound() || StateOf(slot) != SlotState::kWaiting || TailPlace(slot) != 0) return false;
    TailPlace(slot) = i + 1;
  }
  return true;
}

std::shared_ptr<void> HnswIndex::UseFile(MappedFile vectors, std::vector<uint32_t> crcs) {
  std::shared_ptr<void> freed;
  flat_.table()->Map(std::move(vectors), nodes_.bound(), std::move(crcs), &freed);
  return freed;
}

}  // namespace agentmemdb
