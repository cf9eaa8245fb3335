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
  std::vector<std::pair<RowId, Slot>> places;
  std::optional<Slot> next = unknown.Next(Slot{0});
  for (; next && places.size() < most; next = unknown.Next(Slot{ToInt(*next) + 1}))
    places.emplace_back(collection.rows()[ToInt(*next)], *next);
  std::sort(places.begin(), places.end());  // From the file's front to its back.

  std::vector<std::optional<std::string>> texts;
  size_t bytes = 0;
  for (size_t i = 0; i < places.size() && bytes < kBytesAtOnce; ++i) {
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
  return next.has_value() || texts.size() < places.size();
}

}  // namespace agentmemdb
