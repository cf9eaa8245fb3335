// Our index against plain hnswlib compiled for this CPU, in C++; started by scenarios/core.js. Builds both over the same vectors,
// finds for each the smallest ef that reaches recall 0.95 and 0.99, and measures thread CPU time per query in interleaved rounds,
// the caches emptied before each; lower quartiles over the rounds. One line of JSON per figure.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "baseline.h"
#include "vector/hnsw_index.h"

namespace {

using namespace agentmemdb;

struct Data {
  size_t n, dimensions, queries, k;
  std::vector<float> base, query;
  std::vector<uint32_t> truth;
};

template <class T>
void ReadInto(std::FILE* file, size_t count, std::vector<T>* into) {
  into->resize(count);
  if (std::fread(into->data(), sizeof(T), count, file) != count) throw std::runtime_error("the data file is too short");
}

Data Load(const char* path, size_t n, size_t dimensions, size_t queries, size_t k) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) throw std::runtime_error(std::string("cannot open ") + path);
  Data data{n, dimensions, queries, k, {}, {}, {}};
  ReadInto(file, n * dimensions, &data.base);
  ReadInto(file, queries * dimensions, &data.query);
  ReadInto(file, queries * k, &data.truth);
  std::fclose(file);
  return data;
}

// One engine: fills `found` with the numbers of the k nearest.
using SearchFunction = std::function<void(const float* query, size_t ef, uint32_t* found)>;

double RecallOf(const Data& data, const SearchFunction& search, size_t ef) {
  size_t hits = 0;
  std::vector<uint32_t> found(data.k);
  for (size_t q = 0; q < data.queries; ++q) {
    std::fill(found.begin(), found.end(), UINT32_MAX);
    search(&data.query[q * data.dimensions], ef, found.data());
    const uint32_t* truth = &data.truth[q * data.k];
    for (const uint32_t id : found) hits += std::find(truth, truth + data.k, id) != truth + data.k;
  }
  return static_cast<double>(hits) / static_cast<double>(data.queries * data.k);
}

size_t SmallestEf(const Data& data, const SearchFunction& search, double recall) {
  size_t high = data.k;
  while (high < 4096 && RecallOf(data, search, high) < recall) high *= 2;
  size_t low = std::max(data.k, high / 2);
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (RecallOf(data, search, middle) < recall)
      low = middle + 1;
    else
      high = middle;
  }
  return high;
}

// Reads 200 MB, so that nobody starts with a warm cache.
void Flush() {
  static std::vector<uint64_t> much(25'000'000, 1);
  uint64_t sum = 0;
  for (const uint64_t x : much) sum += x;
  if (sum == 0) std::abort();
}

double MicrosAQuery(const Data& data, const SearchFunction& search, size_t ef) {
  std::vector<uint32_t> found(data.k);
  Flush();
  const int64_t start = ThreadCpuMicros();
  for (size_t q = 0; q < data.queries; ++q) search(&data.query[q * data.dimensions], ef, found.data());
  return static_cast<double>(ThreadCpuMicros() - start) / static_cast<double>(data.queries);
}

double LowerQuartile(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 4];
}

struct Options {
  int rounds = 8;
  uint32_t ef_construction = 200;
  int threads = 1;       // that link our graph
  bool baseline = true;  // measure hnswlib too
};

// Our index over the base, linked. CPU seconds are those of this thread.
void BuildOurs(const Data& data, const Options& options, HnswIndex* index) {
  const auto n = static_cast<uint32_t>(data.n);
  const int64_t start = ThreadCpuMicros();
  index->Reserve(n, n);
  for (uint32_t i = 0; i < n; ++i) index->Stage(Slot{i}, {&data.base[i * data.dimensions], data.dimensions});
  for (uint32_t i = 0; i < n; ++i) index->Add(Slot{i});
  const int64_t staged = ThreadCpuMicros(), wall = MonotonicMicros();
  const auto link = [index] {
    while (index->LinkSome(true).value()) {
    }
  };
  std::vector<std::thread> others;
  for (int t = 1; t < options.threads; ++t) others.emplace_back(link);
  link();
  for (std::thread& other : others) other.join();
  const auto rate = [n](int64_t micros) { return 1e6 * n / static_cast<double>(std::max<int64_t>(1, micros)); };
  std::printf(
      "{\"step\":\"build\",\"engine\":\"ours\",\"codedPerSecond\":%.0f,\"linkedPerSecond\":%.0f,\"linkedPerCpuSecond\":"
      "%.0f}\n",
      rate(staged - start), rate(MonotonicMicros() - wall), rate(ThreadCpuMicros() - staged));
}

void* BuildBaseline(const Data& data, const Options& options) {
  void* index = BaselineNew(data.dimensions, data.n, 16, options.ef_construction);
  const int64_t start = ThreadCpuMicros(), wall = MonotonicMicros();
  for (size_t i = 0; i < data.n; ++i) BaselineAdd(index, &data.base[i * data.dimensions], i);
  const auto rate = [&data](int64_t micros) { return 1e6 * static_cast<double>(data.n) / static_cast<double>(micros); };
  std::printf(
      "{\"step\":\"build\",\"engine\":\"hnswlib native\",\"linkedPerSecond\":%.0f,\"linkedPerCpuSecond\":%.0f}\n",
      rate(MonotonicMicros() - wall), rate(ThreadCpuMicros() - start));
  return index;
}

void Compare(const Data& data, const Options& options, const SearchFunction& ours, const SearchFunction& plain) {
  for (const double recall : {0.95, 0.99}) {
    const size_t our_ef = SmallestEf(data, ours, recall),
                 plain_ef = options.baseline ? SmallestEf(data, plain, recall) : 0;
    std::vector<double> mine, theirs;
    for (int round = 0; round < options.rounds; ++round) {
      mine.push_back(MicrosAQuery(data, ours, our_ef));
      if (options.baseline) theirs.push_back(MicrosAQuery(data, plain, plain_ef));
    }
    std::printf("{\"step\":\"search\",\"target\":%.2f,\"oursEf\":%zu,\"oursMicros\":%.2f", recall, our_ef,
                LowerQuartile(mine));
    if (options.baseline)
      std::printf(",\"plainEf\":%zu,\"plainMicros\":%.2f,\"ratio\":%.3f", plain_ef, LowerQuartile(theirs),
                  LowerQuartile(theirs) / LowerQuartile(mine));
    std::printf("}\n");
    std::fflush(stdout);
  }
}

void Run(const Data& data, const Options& options) {
  std::vector<RowId> rows;
  for (size_t i = 0; i < data.n; ++i) rows.push_back(RowId{static_cast<int64_t>(i) + 1});
  HnswIndex index(Metric::kCosine, static_cast<uint32_t>(data.dimensions), {16, options.ef_construction, 0});
  BuildOurs(data, options, &index);
  void* baseline = options.baseline ? BuildBaseline(data, options) : nullptr;

  const SearchFunction ours = [&](const float* query, size_t ef, uint32_t* found) {
    VectorSearch search;
    search.query = {query, data.dimensions};
    search.k = static_cast<uint32_t>(data.k);
    search.ef = static_cast<uint32_t>(ef);
    search.rows = rows;
    const Result<VectorSearchResult> result = index.Search(search, {});
    for (size_t i = 0; i < result.value().neighbors.size(); ++i) found[i] = ToInt(result.value().neighbors[i].slot);
  };
  const SearchFunction plain = [&](const float* query, size_t ef, uint32_t* found) {
    BaselineSearch(baseline, query, data.k, ef, found);
  };
  Compare(data, options, ours, plain);
  if (baseline != nullptr) BaselineDelete(baseline);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 10) {
    std::fprintf(
        stderr,
        "core_bench FILE n dimensions queries k rounds efConstruction threads baseline(0|1); see scenarios/core.js\n");
    return 2;
  }
  const auto number = [&](int i) { return std::strtoull(argv[i], nullptr, 10); };
  Run(Load(argv[1], number(2), number(3), number(4), number(5)),
      {static_cast<int>(number(6)), static_cast<uint32_t>(number(7)), static_cast<int>(number(8)), number(9) != 0});
  return 0;
}
