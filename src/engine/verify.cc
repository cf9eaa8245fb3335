#include "engine/verify.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "engine/read.h"

namespace agentmemdb {
namespace {

constexpr int64_t kRecordsAPage = 256;  // about a millisecond under the index lock

// Gathers what is found in one state, which may have to be looked at again: nothing counts until it is kept.
class Findings {
 public:
  void Add(VerifyPart part, std::string collection, std::string_view id, std::string message) {
    differences_.push_back({part, std::move(collection), std::string(id), std::move(message)});
  }
  void KeepIn(VerifyReport* report) {
    report->found += static_cast<int64_t>(differences_.size());
    for (Difference& difference : differences_) {
      if (report->differences.size() < VerifyReport::kDifferencesMax)
        report->differences.push_back(std::move(difference));
    }
  }

 private:
  std::vector<Difference> differences_;
};

class Verifier {
 public:
  Verifier(Database* database, const CancelToken& cancel) : database_(database), cancel_(cancel) {}

  Result<VerifyReport> Run() {
    RETURN_IF_ERROR(CheckFile());
    RETURN_IF_ERROR(CheckRecords());
    RETURN_IF_ERROR(CheckNumbers());
    RETURN_IF_ERROR(CheckGraphs());
    RETURN_IF_ERROR(CheckImages());
    return std::move(report_);
  }

 private:
  Status CheckFile() {
    Findings findings;
    const Status status = database_->ReadFile([&](ReadTransaction* rows) -> Status {
      RETURN_IF_ERROR(rows->CheckStructure(
          cancel_, [&](std::string_view finding) { findings.Add(VerifyPart::kFile, "", "", std::string(finding)); }));
      return CountRecords(rows, &findings);
    });
    findings.KeepIn(&report_);
    return status;
  }

  // What collections have counted, against what the index of ids leads to.
  Status CountRecords(ReadTransaction* rows, Findings* findings) {
    Result<std::vector<CollectionRow>> collections = rows->Collections();
    if (!collections.ok()) return Damage(collections.status(), VerifyPart::kFile, findings);
    Result<std::map<int64_t, int64_t>> counts = rows->CountRecords();
    if (!counts.ok()) return Damage(counts.status(), VerifyPart::kFile, findings);
    for (const CollectionRow& collection : *collections) {
      total_ += collection.records;
      const int64_t there = (*counts)[ToInt(collection.id)];
      if (there != collection.records)
        findings->Add(VerifyPart::kCount, collection.name, "",
                      "there are " + std::to_string(there) + " records where there should be " +
                          std::to_string(collection.records));
    }
    return {};
  }

  Status Damage(const Status& status, VerifyPart part, Findings* findings) {
    if (status.code() != Code::kCorrupt) return status;
    findings->Add(part, "", status.id(), status.message());
    return {};
  }

  Status CheckRecords() {
    ReadTransaction::Page page{RowId{0}, true};
    while (page.more) {
      RETURN_IF_ERROR(cancel_.Check());
      Findings findings;
      int64_t records = 0, vectors = 0;
      const RowId after = page.last;
      RETURN_IF_ERROR(database_->Read(cancel_, [&](const ReadView& view) -> Status {
        findings = Findings();
        records = vectors = 0;
        const auto visit = [&](const RecordRow& record) {
          ++records;
          vectors += record.vector.has_value();
          CheckRecord(view, record, &findings);
        };
        const auto damaged = [&](RowId row, std::string_view id) {
          ++records;
          findings.Add(VerifyPart::kRecord, "", id, "row " + std::to_string(ToInt(row)) + " fails its check");
        };
        Result<ReadTransaction::Page> next = view.rows->ReadPage(after, kRecordsAPage, visit, damaged);
        if (!next.ok()) return next.status();
        page = *next;
        return {};
      }));
      report_.records += records;
      report_.vectors += vectors;
      cancel_.Report(report_.records, std::max(total_, report_.records));
      findings.KeepIn(&report_);
    }
    return {};
  }

  void CheckRecord(const ReadView& view, const RecordRow& record, Findings* findings) {
    Result<const Collection*> found = view.Find(record.collection);
    if (!found.ok()) return findings->Add(VerifyPart::kRecord, "", record.id, "is of a collection that does not exist");
    const Collection& collection = **found;
    const auto differs = [&](VerifyPart part, const char* how) {
      findings->Add(part, collection.name(), record.id, how);
    };
    const size_t bytes = collection.options().dimensions * sizeof(float);
    if (record.vector && record.vector->size() != bytes)
      return differs(VerifyPart::kRecord, "has a vector of another number of dimensions than its collection");
    const std::optional<Slot> slot = collection.SlotOf(record.row);
    if (!slot) return differs(VerifyPart::kMemory, "is not in memory");
    if (collection.IdOf(*slot) != record.id) differs(VerifyPart::kMemory, "has another id in memory");
    if (collection.ExpiresAt(*slot) != record.expires_at)
      differs(VerifyPart::kMemory, "expires at another time in memory");
    if (collection.HasVector(record.row) != record.vector.has_value()) {
      differs(VerifyPart::kMemory,
              record.vector ? "has no vector in memory" : "has a vector in memory and none in the file");
    } else if (record.vector) {
      std::vector<float> vector(collection.options().dimensions);
      std::memcpy(vector.data(), record.vector->data(), bytes);
      if (!collection.HoldsVector(*slot, vector)) differs(VerifyPart::kMemory, "has another vector in memory");
    }
    const RecordFields fields = FieldsOf(record);
    RecordValues values(fields);
    if (!collection.fields().Agree(*slot, &values)) differs(VerifyPart::kMemory, "has other fields in memory");
    if (!collection.texts().Agrees(*slot, record.text)) differs(VerifyPart::kMemory, "has other words in memory");
  }

  // Records in memory that the file has not: each that it has was looked at.
  Status CheckNumbers() {
    Findings findings;
    const Status status = database_->Read(cancel_, [&](const ReadView& view) -> Status {
      findings = Findings();
      Result<std::vector<CollectionRow>> rows = view.rows->Collections();
      if (!rows.ok()) return Damage(rows.status(), VerifyPart::kFile, &findings);
      collections_.clear();
      for (const CollectionRow& row : *rows) {
        Result<const Collection*> collection = view.Find(row.id);
        if (!collection.ok()) {
          findings.Add(VerifyPart::kMemory, row.name, "", "is not in memory");
          continue;
        }
        collections_[row.id] = row.name;
        if ((*collection)->count() != row.records)
          findings.Add(VerifyPart::kMemory, row.name, "",
                       "has " + std::to_string((*collection)->count()) + " records in memory, " +
                           std::to_string(row.records) + " in the file");
      }
      return {};
    });
    findings.KeepIn(&report_);
    return status;
  }

  Status CheckGraphs() {
    for (const auto& [id, name] : collections_) {
      Result<VectorIndexCheck> check = database_->CheckIndex(id, cancel_);
      if (check.status().code() == Code::kNotFound) continue;
      if (!check.ok()) return check.status();
      report_.nodes += check->nodes;
      Findings findings;
      if (check->wrong_links > 0)
        findings.Add(VerifyPart::kGraph, name, "", std::to_string(check->wrong_links) + " links are wrong");
      if (check->unreachable > 0)
        findings.Add(VerifyPart::kGraph, name, "", std::to_string(check->unreachable) + " vectors cannot be reached");
      findings.KeepIn(&report_);
    }
    return {};
  }

  Status CheckImages() {
    Result<std::vector<ImageCheck>> images = database_->CheckImages(cancel_);
    if (!images.ok()) return images.status();
    Findings findings;
    for (const ImageCheck& image : *images) {
      ++report_.images;
      if (!image.sound)
        findings.Add(
            VerifyPart::kImage, collections_[image.collection], "",
            "the index image " + image.token + " is not what was written; the next open makes the index from the file");
    }
    findings.KeepIn(&report_);
    return {};
  }

  Database* database_;
  const CancelToken& cancel_;
  VerifyReport report_;
  int64_t total_ = 0;
  std::map<CollectionId, std::string> collections_;
};

}  // namespace

const char* VerifyPartName(VerifyPart part) {
  switch (part) {
    case VerifyPart::kFile:
      return "file";
    case VerifyPart::kRecord:
      return "record";
    case VerifyPart::kCount:
      return "count";
    case VerifyPart::kMemory:
      return "memory";
    case VerifyPart::kGraph:
      return "graph";
    case VerifyPart::kImage:
      return "image";
  }
  return "";
}

Result<VerifyReport> Verify(Database* database, const CancelToken& cancel) { return Verifier(database, cancel).Run(); }

}  // namespace agentmemdb
