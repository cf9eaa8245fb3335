#include "storage/record_row.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "support/test_store.h"

namespace agentmemdb {
namespace {

const RecordRow kRecord = FullRecord(CollectionId{2}, RowId{5});

// Changes each byte of a field in turn, in each of its bits, and expects another checksum.
void EveryBitCounts(std::string bytes, const std::function<void(RecordRow*, std::string_view)>& set,
                    const char* field) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      RecordRow record = kRecord;
      set(&record, changed);
      EXPECT_NE(record.Checksum(), kRecord.Checksum()) << field << " byte " << i << " bit " << bit;
    }
  }
}

void EveryBitCounts(int64_t number, const std::function<void(RecordRow*, int64_t)>& set, const char* field) {
  for (int bit = 0; bit < 64; ++bit) {
    RecordRow record = kRecord;
    set(&record, static_cast<int64_t>(static_cast<uint64_t>(number) ^ (uint64_t{1} << bit)));
    EXPECT_NE(record.Checksum(), kRecord.Checksum()) << field << " bit " << bit;
  }
}

TEST(RecordChecksum, NoticesEachBitOfEachField) {
  using R = RecordRow*;
  EveryBitCounts(
      ToInt(kRecord.row), [](R r, int64_t n) { r->row = RowId{n}; }, "row");
  EveryBitCounts(
      ToInt(kRecord.collection), [](R r, int64_t n) { r->collection = CollectionId{n}; }, "collection");
  EveryBitCounts(
      kRecord.version, [](R r, int64_t n) { r->version = n; }, "version");
  EveryBitCounts(
      kRecord.created_at, [](R r, int64_t n) { r->created_at = n; }, "created_at");
  EveryBitCounts(
      kRecord.updated_at, [](R r, int64_t n) { r->updated_at = n; }, "updated_at");
  EveryBitCounts(
      *kRecord.expires_at, [](R r, int64_t n) { r->expires_at = n; }, "expires_at");
  EveryBitCounts(
      std::string(kRecord.id), [](R r, std::string_view s) { r->id = s; }, "id");
  EveryBitCounts(
      std::string(*kRecord.metadata), [](R r, std::string_view s) { r->metadata = s; }, "metadata");
  EveryBitCounts(
      std::string(*kRecord.text), [](R r, std::string_view s) { r->text = s; }, "text");
  EveryBitCounts(
      std::string(*kRecord.vector), [](R r, std::string_view s) { r->vector = s; }, "vector");
}

TEST(RecordChecksum, NoticesAFieldThatIsMissingOrEmptied) {
  const auto with = [](const std::function<void(RecordRow*)>& change) {
    RecordRow record = kRecord;
    change(&record);
    return record.Checksum();
  };
  EXPECT_NE(with([](RecordRow* r) { r->metadata.reset(); }), with([](RecordRow* r) { r->metadata = ""; }));
  EXPECT_NE(with([](RecordRow* r) { r->text.reset(); }), with([](RecordRow* r) { r->text = ""; }));
  EXPECT_NE(with([](RecordRow* r) { r->vector.reset(); }), with([](RecordRow* r) { r->vector = ""; }));
  EXPECT_NE(with([](RecordRow* r) { r->expires_at.reset(); }), with([](RecordRow* r) { r->expires_at = 0; }));
  EXPECT_NE(with([](RecordRow* r) { r->text.reset(); }), kRecord.Checksum());
}

TEST(RecordChecksum, NoticesFieldsThatChangedPlaces) {
  RecordRow record = kRecord;
  std::swap(record.metadata, record.text);
  EXPECT_NE(record.Checksum(), kRecord.Checksum());
  record = kRecord;
  std::swap(record.created_at, record.updated_at);
  EXPECT_NE(record.Checksum(), kRecord.Checksum());
}

}  // namespace
}  // namespace agentmemdb
