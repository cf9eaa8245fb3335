#include "engine/exporter.h"

#include <algorithm>

#include "base/clock.h"
#include "engine/find.h"
#include "engine/jsonl.h"

namespace agentmemdb {
namespace {

constexpr size_t kTextPartBytes = size_t{1} << 19;  // copied on the event loop
constexpr size_t kPageBytes = kTextPartBytes / 2;   // as stored; as text a vector has 2.5 times as many

Status DamagedRecords(const std::string& collection, int64_t count) {
  return Status(Code::kCorrupt,
                std::to_string(count) + " records of the collection '" + collection +
                    "' fail their check or have vanished; verify() names them: delete or replace them, or "
                    "export with onDamaged: 'skip'");
}

}  // namespace

Result<std::string> Exporter::Next(Database* database, const CancelToken& cancel) {
  if (!ended_ && text_.size() - at_ < kTextPartBytes) {
    text_.erase(0, at_);
    at_ = 0;
    while (!ended_ && text_.size() < kTextPartBytes) RETURN_IF_ERROR(MakeMore(database, cancel));
  }
  std::string part = text_.substr(at_, kTextPartBytes);
  at_ += part.size();
  return part;
}

Status Exporter::MakeMore(Database* database, const CancelToken& cancel) {
  if (!planned_) return Plan(database, cancel);
  RETURN_IF_ERROR(CheckNotReplaced(database, cancel));
  if (section_ == sections_.size()) {
    AppendEndLine(&text_, {static_cast<int64_t>(sections_.size()), done_});
    ended_ = true;
    return {};
  }
  const Section& section = sections_[section_];
  return begun_ ? MakePage(database, section, cancel) : BeginSection(section);
}

Status Exporter::Plan(Database* database, const CancelToken& cancel) {
  RETURN_IF_ERROR(database->Read(cancel, [this](const ReadView& view) -> Status {
    sections_.clear();
    total_ = 0;
    epoch_ = view.epoch;
    const TimeMs now = NowMs();
    for (const auto& [id, collection] : *view.collections) {
      const auto& names = options_.collections;
      if (names && std::find(names->begin(), names->end(), collection->name()) == names->end()) continue;
      sections_.push_back(
          {collection->id(), collection->name(), collection->options(), collection->last_row(), collection->damaged()});
      total_ += collection->CountVisible(now) - collection->damaged();
    }
    return CheckAllThere();
  }));
  std::sort(sections_.begin(), sections_.end(), [](const Section& a, const Section& b) { return a.name < b.name; });
  AppendHeaderLine(&text_, NowMs());
  planned_ = true;
  return {};
}

Status Exporter::CheckAllThere() const {
  if (!options_.collections) return {};
  for (const std::string& name : *options_.collections) {
    const auto is_it = [&](const Section& section) { return section.name == name; };
    if (std::none_of(sections_.begin(), sections_.end(), is_it))
      return Status(Code::kNotFound, "there is no collection '" + name + "'").WithArgument("options.collections");
  }
  return {};
}

// What was exported and what would be have nothing to do with one another then.
Status Exporter::CheckNotReplaced(Database* database, const CancelToken& cancel) const {
  return database->Read(cancel, [this](const ReadView& view) -> Status {
    if (view.epoch == epoch_) return {};
    return Status(Code::kConflict, "a snapshot was restored during the export; begin it anew");
  });
}

Status Exporter::BeginSection(const Section& section) {
  if (section.damaged > 0 && !options_.skip_damaged) return DamagedRecords(section.name, section.damaged);
  AppendCollectionLine(&text_, section.name, section.options);
  begun_ = true;
  after_ = RowId{0};
  return {};
}

Status Exporter::MakePage(Database* database, const Section& section, const CancelToken& cancel) {
  FindQuery query;
  query.limit = limits::kResultsMax;
  query.after = after_;
  query.last = section.last;
  query.may_end_early = true;
  query.bytes_max = kPageBytes;
  query.skip_damaged = options_.skip_damaged;
  query.include = {true, true, true};
  const Result<FindOutput> page = Find(database, section.id, query, cancel);
  // Deleted meanwhile: nothing more of it is there throughout.
  const bool deleted = page.status().code() == Code::kNotFound;
  if (!page.ok() && !deleted) return page.status();
  if (page.ok()) {
    for (const RecordOutput& record : page.value().records) AppendRecordLine(&text_, record);
    done_ += static_cast<int64_t>(page.value().records.size());
    after_ = page.value().last;
    if (page.value().more) return {};
  }
  ++section_;
  begun_ = false;
  return {};
}

}  // namespace agentmemdb
