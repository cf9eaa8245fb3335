// core_bench FILE n dimensions queries k [rounds]: our index against plain hnswlib compiled for this CPU, in C++, on one thread.
// FILE is what bench/data.js writes. Builds both, finds for each the smallest ef that reaches recall 0.95 and 0.99, and measures
// thread CPU time per query in interleaved rounds, the caches emptied before each. Prints one JSON object.
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

int Run(const Data& data, int rounds) {
  const auto n = static_cast<uint32_t>(data.n);
  const uint32_t ef_construction = std::getenv("EFC") ? static_cast<uint32_t>(std::atoi(std::getenv("EFC"))) : 200;
  std::vector<RowId> rows(n);
  for (uint32_t i = 0; i < n; ++i) rows[i] = RowId{i + 1};

  HnswIndex ours(Metric::kIp, static_cast<uint32_t>(data.dimensions), {16, ef_construction, 0});
  int64_t start = ThreadCpuMicros();
  ours.Reserve(n, n);
  for (uint32_t i = 0; i < n; ++i) ours.Stage(Slot{i}, {&data.base[i * data.dimensions], data.dimensions});
  for (uint32_t i = 0; i < n; ++i) ours.Add(Slot{i});
  const int64_t staged = ThreadCpuMicros();
  const int64_t wall = MonotonicMicros();
  const int threads = std::getenv("THREADS") ? std::atoi(std::getenv("THREADS")) : 1;
  std::vector<std::thread> others;
  const auto link = [&ours] {
    while (ours.LinkSome(true).value()) {
    }
  };
  for (int t = 1; t < threads; ++t) others.emplace_back(link);
  link();
  for (std::thread& other : others) other.join();
  const int64_t linked = ThreadCpuMicros();
  std::fprintf(stderr, "ours: encoded %.0f/s, linked %.0f/s (CPU of one thread), %.0f/s wall, %d threads\n",
               1e6 * n / static_cast<double>(staged - start), 1e6 * n / static_cast<double>(linked - staged),
               1e6 * n / static_cast<double>(MonotonicMicros() - wall), threads);

  void* plain = nullptr;
  if (std::getenv("NO_BASELINE") == nullptr) {
    plain = BaselineNew(data.dimensions, n, 16, 200);
    start = ThreadCpuMicros();
    for (uint32_t i = 0; i < n; ++i) BaselineAdd(plain, &data.base[i * data.dimensions], i);
    std::fprintf(stderr, "hnswlib: linked %.0f/s\n", 1e6 * n / static_cast<double>(ThreadCpuMicros() - start));
  }

  const SearchFunction search_ours = [&](const float* query, size_t ef, uint32_t* found) {
    VectorSearch search;
    search.query = {query, data.dimensions};
    search.k = static_cast<uint32_t>(data.k);
    search.ef = static_cast<uint32_t>(ef);
    search.rows = rows;
    const Result<VectorSearchResult> result = ours.Search(search, {});
    for (size_t i = 0; i < result.value().neighbors.size(); ++i) found[i] = ToInt(result.value().neighbors[i].slot);
  };
  const SearchFunction search_plain = [&](const float* query, size_t ef, uint32_t* found) {
    BaselineSearch(plain, query, data.k, ef, found);
  };
  for (const size_t ef : {size_t{50}, size_t{180}, size_t{360}})
    std::fprintf(stderr, "ef %zu: recall ours %.4f, hnswlib %.4f\n", ef, RecallOf(data, search_ours, ef),
                 plain ? RecallOf(data, search_plain, ef) : 0);
  for (const double recall : {0.95, 0.99}) {
    const size_t ours_ef = SmallestEf(data, search_ours, recall),
                 plain_ef = plain ? SmallestEf(data, search_plain, recall) : 0;
    std::vector<double> mine, theirs;
    for (int round = 0; round < rounds; ++round) {
      mine.push_back(MicrosAQuery(data, search_ours, ours_ef));
      if (plain) theirs.push_back(MicrosAQuery(data, search_plain, plain_ef));
    }
    const double a = LowerQuartile(mine), b = plain ? LowerQuartile(theirs) : 0;
    std::printf("recall %.2f: ours ef %zu %.1f us, hnswlib ef %zu %.1f us, %.2fx\n", recall, ours_ef, a, plain_ef, b,
                b / a);
  }
  if (plain) BaselineDelete(plain);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) return std::fprintf(stderr, "core_bench FILE n dimensions queries k [rounds]\n"), 2;
  const auto number = [&](int i) { return static_cast<size_t>(std::atoll(argv[i])); };
  return Run(Load(argv[1], number(2), number(3), number(4), number(5)), argc > 6 ? std::atoi(argv[6]) : 8);
}
