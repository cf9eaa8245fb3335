#include "engine/options.h"

#include <gtest/gtest.h>

#include <string>

#include "support/test_database.h"

namespace agentmemdb {
namespace {

CollectionOptions Example(uint32_t dimensions, Metric metric) {
  CollectionRequest request = Vectors(dimensions, metric);
  request.hnsw_m = 5;
  request.hnsw_ef_construction = 77;
  request.hnsw_min_size = 0;
  return request.WithDefaults();
}

TEST(CollectionOptions, ReadBackFromJsonAsTheyWere) {
  for (const Metric metric : {Metric::kCosine, Metric::kL2, Metric::kIp}) {
    const CollectionOptions options = Example(8192, metric);
    const CollectionOptions back = Require(CollectionOptions::FromJson(options.ToJson()));
    EXPECT_EQ(back.dimensions, 8192u);
    EXPECT_EQ(back.metric, metric);
    EXPECT_EQ(back.hnsw.m, 5u);
    EXPECT_EQ(back.hnsw.ef_construction, 77u);
    EXPECT_EQ(back.hnsw.min_size, 0u);
    EXPECT_EQ(back.ToJson(), options.ToJson());
  }
  EXPECT_EQ(CollectionOptions().ToJson(), "{}");
  EXPECT_EQ(Require(CollectionOptions::FromJson("{}")).dimensions, 0u);
}

TEST(CollectionOptions, RefuseWhatToJsonNeverMakes) {
  const std::string good = Example(3, Metric::kL2).ToJson();
  ASSERT_EQ(good, R"({"dimensions":3,"hnsw":{"M":5,"efConstruction":77,"minSize":0},"metric":"l2"})");
  for (const char* hostile :
       {"",
        "null",
        "[]",
        "3",
        "\"{}\"",
        "{",
        "{\"dimensions\":3}",
        R"({"dimensions":"3"})",
        R"({"metric":"l2"})",
        R"({"dimensions":3,"hnsw":{"M":5,"efConstruction":77},"metric":"l2"})",
        R"({"dimensions":3,"hnsw":{"M":5,"efConstruction":77,"minSize":0},"metric":"l3"})",
        R"({"dimensions":3,"hnsw":{"M":5,"efConstruction":77,"minSize":0},"metric":2})",
        R"({"dimensions":3,"hnsw":[5,77,0],"metric":"l2"})",
        R"({"dimensions":3,"hnsw":null,"metric":"l2"})",
        R"({"dimensions":3.5,"hnsw":{"M":5,"efConstruction":77,"minSize":0},"metric":"l2"})",
        R"({"dimensions":-1,"hnsw":{"M":5,"efConstruction":77,"minSize":0},"metric":"l2"})",
        R"({"dimensions":4294967299,"hnsw":{"M":5,"efConstruction":77,"minSize":0},"metric":"l2"})",
        R"({"dimensions":3.0,"hnsw":{"M":5,"efConstruction":77,"minSize":0},"metric":"l2"})",
        R"({"dimensions":3,"hnsw":{"M":1e27,"efConstruction":77,"minSize":0},"metric":"l2"})",
        R"({"dimensions":3,"hnsw":{"M":5,"efConstruction":77,"minSize":true},"metric":"l2"})"}) {
    EXPECT_EQ(CollectionOptions::FromJson(hostile).status().code(), Code::kCorrupt) << hostile;
  }
  EXPECT_EQ(CollectionOptions::FromJson(std::string(100000, '[')).status().code(), Code::kCorrupt);
  for (const std::string& spelling : {std::string("{ }"), std::string("{}\0}{", 5), std::string("{}\n")})
    EXPECT_EQ(CollectionOptions::FromJson(spelling).status().code(), Code::kCorrupt) << spelling;
}

TEST(CollectionOptions, TheModelOfAnEmbedderIsReadBackAndCheckedLikeTheRest) {
  CollectionRequest request = Vectors(3);
  request.embedder_model = "caf\xc3\xa9 \"1\"";
  const CollectionOptions options = request.WithDefaults();
  EXPECT_NE(options.ToJson().find(R"("embedder":{"model":"caf)"), std::string::npos);
  EXPECT_EQ(Require(CollectionOptions::FromJson(options.ToJson())).embedder_model, *request.embedder_model);

  const std::string rest = R"("hnsw":{"M":16,"efConstruction":128,"minSize":5000},"metric":"cosine"})";
  const auto with = [&](const std::string& embedder) {
    return R"({"dimensions":3,"embedder":)" + embedder + "," + rest;
  };
  EXPECT_TRUE(CollectionOptions::FromJson(with(R"({"model":"m"})")).ok());
  for (const std::string& hostile :
       {with("null"), with("{}"), with(R"("m")"), with(R"({"model":""})"), with(R"({"model":1})"),
        with(R"({"model":"m","dimensions":3})"), with("{\"model\":\"" + std::string(201, 'm') + "\"}"),
        with("{\"model\":\"\xff\"}"), with(R"({"model":"a\u0000b"})"), std::string(R"({"embedder":{"model":"m"}})")})
    EXPECT_EQ(CollectionOptions::FromJson(hostile).status().code(), Code::kCorrupt) << hostile;
}

TEST(CollectionOptions, AnEmbedderBringsDimensionsAndMustAgree) {
  CollectionRequest request;
  request.embedder_model = "m";
  EXPECT_EQ(request.ValidateNew().argument(), "options.embedder");
  request.embedder_dimensions = 3;
  ASSERT_TRUE(request.ValidateNew().ok());
  const CollectionOptions made = request.WithDefaults();
  EXPECT_EQ(made.dimensions, 3u);
  EXPECT_EQ(made.embedder_model, "m");
  EXPECT_TRUE(request.Agrees(made, "c").ok());
  EXPECT_FALSE(request.Adds(made));
  EXPECT_TRUE(CollectionRequest().Agrees(made, "c").ok());

  const CollectionOptions without = Vectors(3, Metric::kCosine).WithDefaults();
  EXPECT_TRUE(request.Agrees(without, "c").ok());
  EXPECT_TRUE(request.Adds(without));
  EXPECT_EQ(request.AddedTo(without).ToJson(), made.ToJson());

  CollectionRequest other = request;
  other.embedder_model = "n";
  const Status differs = other.Agrees(made, "c");
  EXPECT_EQ(differs.argument(), "options.embedder");
  for (const char* named : {"'m'", "'n'", "'c'"}) EXPECT_NE(differs.message().find(named), std::string::npos) << named;
  for (const CollectionOptions& existing : {Vectors(4).WithDefaults(), CollectionOptions()})
    EXPECT_EQ(request.Agrees(existing, "c").argument(), "options.embedder");
  request.dimensions = 4;
  EXPECT_EQ(request.ValidateNew().argument(), "options.embedder");
  for (const std::string& model : {std::string(), std::string(201, 'm'), std::string("a\0b", 3), std::string("\xff")}) {
    other.embedder_model = model;
    EXPECT_EQ(other.Validate().argument(), "options.embedder.model");
  }
  other.embedder_model = std::string(200, 'm');
  EXPECT_TRUE(other.Validate().ok());
}

TEST(CollectionOptions, RefuseNumbersOutOfRangeWhoeverWroteThem) {
  for (const uint32_t dimensions : {8193u, 4294967295u}) {
    const std::string json = Example(dimensions, Metric::kL2).ToJson();
    EXPECT_EQ(CollectionOptions::FromJson(json).status().code(), Code::kCorrupt) << json;
  }
  for (const auto& [m, ef_construction] : {std::pair{0u, 77u}, {1u, 77u}, {65u, 77u}, {5u, 0u}, {5u, 4097u}}) {
    CollectionOptions options = Example(3, Metric::kL2);
    options.hnsw.m = m;
    options.hnsw.ef_construction = ef_construction;
    EXPECT_EQ(CollectionOptions::FromJson(options.ToJson()).status().code(), Code::kCorrupt) << options.ToJson();
  }
}

TEST(CollectionOptions, OfANewerVersionAreUnsupportedNotDamaged) {
  const Status status = CollectionOptions::FromJson(R"({"dimensions":3,"quantised":true})").status();
  EXPECT_EQ(status.code(), Code::kUnsupported);
  EXPECT_NE(status.message().find("quantised"), std::string::npos);
}

TEST(CollectionRequest, HasTheDocumentedDefaults) {
  const CollectionOptions options = CollectionRequest().WithDefaults();
  EXPECT_EQ(options.dimensions, 0u);
  EXPECT_EQ(options.metric, Metric::kCosine);
  EXPECT_EQ(options.hnsw.m, 16u);
  EXPECT_EQ(options.hnsw.ef_construction, 128u);
  EXPECT_EQ(options.hnsw.min_size, 5000u);
}

TEST(CollectionRequest, AcceptsEachNumberAtItsLimitsAndNamesItOnePast) {
  struct Limit {
    const char* argument;
    std::optional<uint32_t> CollectionRequest::*number;
    uint32_t low, high;
  };
  for (const Limit& limit : {Limit{"options.dimensions", &CollectionRequest::dimensions, 1, 8192},
                             {"options.hnsw.M", &CollectionRequest::hnsw_m, 4, 64},
                             {"options.hnsw.efConstruction", &CollectionRequest::hnsw_ef_construction, 8, 4096},
                             {"options.hnsw.minSize", &CollectionRequest::hnsw_min_size, 0, 2147483647}}) {
    CollectionRequest request;
    for (const uint32_t good : {limit.low, limit.high}) {
      request.*limit.number = good;
      EXPECT_TRUE(request.Validate().ok()) << limit.argument;
    }
    for (const uint32_t bad : {limit.low - 1, limit.high + 1}) {
      request.*limit.number = bad;
      const Status status = request.Validate();
      EXPECT_EQ(status.code(), Code::kInvalidArgument) << limit.argument << " " << bad;
      EXPECT_EQ(status.argument(), limit.argument);
      EXPECT_NE(status.message().find("got " + std::to_string(bad)), std::string::npos) << status.message();
    }
  }
}

TEST(CollectionRequest, AddsIndexesToThoseThereAre) {
  CollectionRequest request;
  request.indexes = {"b", "a.c", "b"};
  EXPECT_TRUE(request.Validate().ok());
  const CollectionOptions options = request.WithDefaults();
  EXPECT_EQ(options.ToJson(), R"({"indexes":["a.c","b"]})");
  Result<CollectionOptions> read = CollectionOptions::FromJson(options.ToJson());
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->indexes, options.indexes);
  EXPECT_FALSE(request.Adds(options));
  request.indexes = {"z"};
  EXPECT_TRUE(request.Adds(options));
  EXPECT_EQ(request.AddedTo(options).indexes, (std::vector<std::string>{"a.c", "b", "z"}));
  for (const char* damaged : {R"({"indexes":["b","a"]})", R"({"indexes":["a","a"]})", R"({"indexes":[]})",
                              R"({"indexes":["a..b"]})", R"({"indexes":[5]})", R"({"indexes":"a"})"})
    EXPECT_EQ(CollectionOptions::FromJson(damaged).status().code(), Code::kCorrupt) << damaged;
  request.indexes = {"a", ""};
  EXPECT_EQ(request.Validate().argument(), "options.indexes[1]");
  request.indexes = std::vector<std::string>(33, "a");
  EXPECT_EQ(request.Validate().argument(), "options.indexes");
}

TEST(CollectionRequest, NeedsDimensionsForWhatIsAboutVectors) {
  CollectionRequest request;
  EXPECT_TRUE(request.ValidateNew().ok());
  request.metric = Metric::kL2;
  EXPECT_EQ(request.ValidateNew().argument(), "options.metric");
  request.metric.reset();
  request.hnsw_m = 16;
  EXPECT_EQ(request.ValidateNew().argument(), "options.hnsw");
  request.dimensions = 3;
  EXPECT_TRUE(request.ValidateNew().ok());
}

TEST(CollectionRequest, ComparesOnlyWhatWasPassedWithAnExistingCollection) {
  const CollectionOptions existing = Example(3, Metric::kL2);
  EXPECT_TRUE(CollectionRequest().Agrees(existing, "c").ok());
  EXPECT_TRUE(Vectors(3, Metric::kL2).Agrees(existing, "c").ok());

  const auto argument = [&](auto change) {
    CollectionRequest request;
    change(&request);
    const Status status = request.Agrees(existing, "c");
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    return status.argument();
  };
  EXPECT_EQ(argument([](CollectionRequest* r) { r->dimensions = 4; }), "options.dimensions");
  EXPECT_EQ(argument([](CollectionRequest* r) { r->metric = Metric::kIp; }), "options.metric");
  EXPECT_EQ(argument([](CollectionRequest* r) { r->hnsw_m = 16; }), "options.hnsw.M");
  EXPECT_EQ(argument([](CollectionRequest* r) { r->hnsw_ef_construction = 200; }), "options.hnsw.efConstruction");
  EXPECT_EQ(argument([](CollectionRequest* r) { r->hnsw_min_size = 5000; }), "options.hnsw.minSize");
  const Status status = Vectors(4).Agrees(existing, "notes");
  EXPECT_NE(status.message().find("'notes', which has 3"), std::string::npos) << status.message();
}

TEST(CollectionRequest, ACollectionWithoutVectorsStaysSo) {
  const CollectionOptions existing;
  EXPECT_TRUE(CollectionRequest().Agrees(existing, "c").ok());
  EXPECT_EQ(Vectors(3).Agrees(existing, "c").argument(), "options.dimensions");
  CollectionRequest request;
  request.metric = Metric::kCosine;
  EXPECT_EQ(request.Agrees(existing, "c").argument(), "options.metric");
}

TEST(CollectionName, IsMadeOfTheAllowedCharacters) {
  for (const std::string& name : {std::string("a"), std::string("A-z_0.9"), std::string("..."), std::string(128, 'x')})
    EXPECT_TRUE(ValidateName(name).ok()) << name;
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a b"), std::string("a/b"),
        std::string("gr\xc3\xbcn"), std::string("a\0b", 3), std::string(129, 'x')})
    EXPECT_EQ(ValidateName(name).argument(), "name") << name;
}

}  // namespace
}  // namespace agentmemdb
