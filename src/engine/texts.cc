#include "engine/texts.h"

#include <algorithm>
#include <string>
#include <vector>

namespace agentmemdb {
namespace {

constexpr size_t kBytesAtOnce = size_t{4} << 20;
constexpr size_t kRecordsBetweenChecks = 64;

}  // namespace

Result<bool> LearnTexts(const ReadView& view, const Collection& collection, size_t most, const CancelToken& cancel) {
  Bm25Index& index = collection.texts();
  index.Activate();
  const auto all = static_cast<size_t>(collection.known());
  if (index.known() == all) return false;
  const auto learning = index.BeginLearning();
  IdSet unknown = collection.live();
  index.RemoveKnown(&unknown);
  // In row order the file is read from front to back.
  std::vector<std::pair<RowId, Slot>> places;
  unknown.ForEach([&](Slot slot) { places.emplace_back(collection.rows()[ToInt(slot)], slot); });
  const size_t some = std::min(places.size(), most);
  std::partial_sort(places.begin(), places.begin() + static_cast<ptrdiff_t>(some), places.end());

  std::vector<std::optional<std::string>> texts;
  size_t bytes = 0;
  for (size_t i = 0; i < some && bytes < kBytesAtOnce; ++i) {
    if (i % kRecordsBetweenChecks == 0) RETURN_IF_ERROR(cancel.Check());
    Result<std::optional<RecordRow>> row = view.rows->FindRow(places[i].first);
    if (!row.ok() && row.status().code() != Code::kCorrupt) return row.status();
    texts.emplace_back();
    if (!row.ok() || !*row || !(*row)->text) continue;
    texts.back() = std::string(*(*row)->text);
    bytes += texts.back()->size();
  }
  std::vector<LearntText> learnt;
  for (size_t i = 0; i < texts.size(); ++i) learnt.push_back({places[i].second, texts[i]});
  try {
    index.Learn(learnt);
  } catch (const std::bad_alloc&) {
    return Status(Code::kLimit, "out of memory: the keyword index does not fit into it");
  }
  return texts.size() < places.size();
}

}  // namespace agentmemdb
