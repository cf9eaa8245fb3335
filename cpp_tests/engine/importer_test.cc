// Texts that come in pieces: however they are cut, the same records come of them, and what is missing is noticed.
#include "engine/importer.h"

#include <gtest/gtest.h>

#include "engine/jsonl.h"
#include "support/seed.h"
#include "support/test_database.h"

namespace agentmemdb {
namespace {

constexpr char kText[] =
    "{\"agentmemdb\":1}\n"
    "{\"collection\":\"a\",\"options\":{\"dimensions\":2}}\n"
    "{\"id\":\"a1\",\"vector\":[1,2],\"text\":\"one\\ntwo\"}\n"
    "{\"id\":\"a2\",\"metadata\":{\"x\":\"é\"}}\n"
    "{\"collection\":\"empty\",\"options\":{}}\n"
    "{\"collection\":\"b\",\"options\":{}}\n"
    "{\"id\":\"b1\"}\n"
    "{\"end\":{\"collections\":3,\"records\":3}}\n";
constexpr char kRead[] = "a:a1,a2,empty:b:b1,";

constexpr char kDocument[] =
    "{ \"dim\": 2,\n \"episodes\": [\n  {\"id\": \"e1\", \"state_embedding\": [1, 2], \"metadata\": {\"]\": "
    "\"}\\\"\"}},\n"
    "  {\"id\": \"e2\", \"state_embedding\": [3, 4]}\n ]\n}\n";
constexpr char kEpisodesRead[] = ":e1,e2,";

enum class Format { kJsonl, kEpisodes };

std::unique_ptr<Importer> Make(Format format, int64_t resume_after) {
  return format == Format::kJsonl ? MakeJsonlImporter(resume_after) : MakeEpisodeImporter(resume_after);
}

// What an importer gave: "collection:id,id,", and how it ended.
struct Given {
  std::string read;
  Status status;
  int64_t done = 0;
};

class Feeding {
 public:
  explicit Feeding(Format format, int64_t resume_after = 0) : importer_(Make(format, resume_after)) {}

  Feeding& Feed(std::string bytes) {
    importer_->Feed(std::move(bytes));
    return Read();
  }
  Given End() {
    importer_->End();
    Read();
    EXPECT_TRUE(!given_.status.ok() || importer_->held() == 0);
    return given_;
  }

 private:
  Feeding& Read() {
    for (bool more = given_.status.ok(); more;) {
      const Result<ImportPart> part = importer_->Read({});
      given_.status = part.status();
      if (!part.ok()) break;
      EXPECT_TRUE(part.value().batch.records.empty() || !part.value().collection);
      if (part.value().collection) given_.read += part.value().collection->name + ":";
      for (const RecordInput& record : part.value().batch.records) given_.read += record.id + ",";
      given_.done = part.value().done;
      more = part.value().more;
    }
    return *this;
  }

  std::unique_ptr<Importer> importer_;
  Given given_;
};

Given Import(Format format, const std::string& text, int64_t resume_after = 0) {
  return Feeding(format, resume_after).Feed(text).End();
}

TEST(Importer, GivesTheSameHoweverTheBytesCome) {
  const auto expect_same = [](Format format, const std::string& text, const std::string& read, int64_t done) {
    for (size_t size = 1; size <= text.size(); ++size) {
      Feeding feeding(format);
      for (size_t at = 0; at < text.size(); at += size) feeding.Feed(text.substr(at, size));
      const Given given = feeding.End();
      ASSERT_TRUE(given.status.ok()) << "in pieces of " << size << ": " << given.status.message();
      ASSERT_EQ(given.read, read) << "in pieces of " << size;
      ASSERT_EQ(given.done, done);
    }
  };
  expect_same(Format::kJsonl, kText, kRead, 8);
  expect_same(Format::kEpisodes, kDocument, kEpisodesRead, 2);
}

TEST(Importer, ATextThatIsCutAnywhereIsAnError) {
  const auto expect_noticed = [](Format format, const std::string& text, const std::string& read, size_t spare) {
    for (size_t length = 0; length + spare < text.size(); ++length) {
      const Given given = Import(format, text.substr(0, length));
      ASSERT_EQ(given.status.code(), Code::kCorrupt) << text.substr(0, length);
      ASSERT_EQ(read.rfind(given.read, 0), 0u) << "nothing but what is whole: " << given.read;
    }
  };
  expect_noticed(Format::kJsonl, kText, kRead, 1);  // Without its last line end it is whole.
  expect_noticed(Format::kEpisodes, kDocument, kEpisodesRead, 1);
}

TEST(Importer, WhatStandsBeforeTheDamageIsGiven) {
  std::string text = kText;
  text.replace(text.find("{\"id\":\"b1\"}"), 5, "#####");
  const Given given = Import(Format::kJsonl, text);
  EXPECT_EQ(given.read, "a:a1,a2,empty:b:");
  EXPECT_EQ(given.status.argument(), "line 7");
  EXPECT_EQ(given.status.message().rfind("line 7 ", 0), 0u) << given.status.message();
  EXPECT_EQ(given.done, 6);
}

TEST(Importer, GoesOnAfterTheLinesThatWereWritten) {
  const std::vector<std::string> rest{"a1,a2,", "a1,a2,", "a1,a2,", "a2,", "", "", ""};
  for (int64_t lines = 0; lines < 7; ++lines) {
    const Given given = Import(Format::kJsonl, kText, lines);
    ASSERT_TRUE(given.status.ok());
    EXPECT_EQ(given.read, "a:" + rest[static_cast<size_t>(lines)] + "empty:b:b1,") << lines;
  }
  EXPECT_EQ(Import(Format::kJsonl, kText, 8).read, "a:empty:b:");
  EXPECT_EQ(Import(Format::kJsonl, kText, 9).status.argument(), "options.resumeAfter");
  EXPECT_EQ(Import(Format::kEpisodes, kDocument, 1).read, ":e2,");
  EXPECT_EQ(Import(Format::kEpisodes, kDocument, 3).status.code(), Code::kInvalidArgument);
}

TEST(Importer, LinesMustComeInOrder) {
  const std::string header = "{\"agentmemdb\":1}\n", a = "{\"collection\":\"a\"}\n",
                    end = "{\"end\":{\"collections\":1,\"records\":1}}\n", record = "{\"id\":\"x\"}\n";
  EXPECT_TRUE(Import(Format::kJsonl, header + a + record + end).status.ok());
  for (const std::string& text :
       {std::string(), a, record, end, header, header + header, header + record, header + a + record, header + a + end,
        header + a + record + record + end, header + a + a + record + end, header + a + record + end + record,
        header + a + record + end + "\n", header + "\n" + a + record + end, header + a + record + header + end}) {
    const Given given = Import(Format::kJsonl, text);
    EXPECT_EQ(given.status.code(), Code::kCorrupt) << text;
  }
}

TEST(Importer, PartsAreBounded) {
  std::string text = "{\"agentmemdb\":1}\n{\"collection\":\"a\"}\n";
  constexpr int kRecords = 20000;
  for (int i = 0; i < kRecords; ++i)
    text += "{\"id\":\"" + Numbered("r", i) + "\",\"text\":\"" + std::string(200, 'x') + "\"}\n";
  const std::unique_ptr<Importer> importer = MakeJsonlImporter(0);
  importer->Feed(text + "{\"end\":{\"collections\":1,\"records\":20000}}");
  importer->End();
  int64_t records = 0, bytes = 0;
  for (bool more = true; more;) {
    const ImportPart part = Require(importer->Read({}));
    EXPECT_LE(part.bytes - bytes, (int64_t{1} << 20) + 300);
    EXPECT_EQ(part.batch.records.empty() ? 0 : part.batch.first, part.batch.records.empty() ? 0 : 3 + records);
    records += static_cast<int64_t>(part.batch.records.size());
    bytes = part.bytes;
    more = part.more;
  }
  EXPECT_EQ(records, kRecords);
  EXPECT_EQ(importer->held(), 0u);
}

TEST(Importer, ALineThatNeverEndsIsNotGatheredForEver) {
  const std::unique_ptr<Importer> importer = MakeJsonlImporter(0);
  const std::string megabyte(1 << 20, ' ');
  Status status;
  size_t fed = 0;
  while (status.ok() && fed < 2 * kLineBytesMax) {
    importer->Feed(megabyte);
    fed += megabyte.size();
    status = importer->Read({}).status();
  }
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_LE(fed, kLineBytesMax + 2 * megabyte.size());
  for (const char* text : {"{\"dim\": ", "{\"", "{\"dim\":2,\"", "[", "x"}) {
    Feeding feeding(Format::kEpisodes);
    EXPECT_EQ(feeding.Feed(text + std::string(5000, '1')).End().status.code(), Code::kCorrupt) << text;
  }
}

TEST(Importer, StopsWhenItIsAborted) {
  const std::unique_ptr<Importer> importer = MakeJsonlImporter(0);
  importer->Feed(kText);
  CancelToken cancel;
  cancel.Cancel();
  EXPECT_EQ(importer->Read(cancel).status().code(), Code::kAborted);
}

TEST(Episodes, ComeInDocumentsAndLogs) {
  const std::string e1 = "{\"id\":\"e1\",\"state_embedding\":[1,2]}", e2 = "{\"id\":\"e2\",\"state_embedding\":[3,4]}";
  for (const std::string& text :
       {"{\"episodes\":[" + e1 + "," + e2 + "]}", "{\"episodes\":[" + e1 + "," + e2 + "],\"dim\":2}",
        "{\"dim\":2,\"episodes\":[" + e1 + "," + e2 + "]}", e1 + "\n" + e2, "\n" + e1 + "\n" + e2 + "\n\n"}) {
    const Given given = Import(Format::kEpisodes, text);
    EXPECT_TRUE(given.status.ok()) << text << given.status.message();
    EXPECT_EQ(given.read, ":e1,e2,") << text;
  }
  EXPECT_EQ(Import(Format::kEpisodes, "{\"dim\":2,\"episodes\":[]}").read, ":") << "an empty one has a collection";
  EXPECT_EQ(Import(Format::kEpisodes, "{\"episodes\":[]}").read, "");
  const std::vector<std::string> wrong{"",
                                       "[]",
                                       "[" + e1 + "]",
                                       "{}",
                                       "{\"dim\":2}",
                                       "{\"dim\":0,\"episodes\":[]}",
                                       "{\"dim\":2,\"dim\":2,\"episodes\":[" + e1 + "]}",
                                       "{\"dim\":2,\"episodes\":{}}",
                                       "{\"dim\":2,\"episodes\":[" + e1 + e2 + "]}",
                                       "{\"dim\":2,\"episodes\":[" + e1 + ",]}",
                                       "{\"dim\":2,\"episodes\":[" + e1 + "],\"more\":1}",
                                       "{\"dim\":2,\"episodes\":[5]}",
                                       "{\"dim\":2,\"episodes\":[" + e1 + "]} x",
                                       "{\"dim\":2,\"episodes\":[],\"episodes\":[]}",
                                       e1 + "," + e2};
  for (const std::string& text : wrong)
    EXPECT_EQ(Import(Format::kEpisodes, text).status.code(), Code::kCorrupt) << text;
}

}  // namespace
}  // namespace agentmemdb
