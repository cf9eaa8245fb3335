// What SQLite itself can take: the same rows as the ingest scenario writes, with bare prepared statements, into the schema of
// a database that agentmemdb has just created; started by scenarios/ingest.js. Same batches, synchronous=FULL, same SQLite. No
// checksums, no look for an id that is there already, no index in memory. One line of JSON.
#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/clock.h"

namespace {

using agentmemdb::MonotonicMicros;

constexpr int kCheckpointPages = 2048;  // 8 MiB of log: where agentmemdb copies it into the file as well

void Check(sqlite3* database, bool good) {
  if (!good) throw std::runtime_error(sqlite3_errmsg(database));
}

void Execute(sqlite3* database, const std::string& sql) {
  Check(database, sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
}

struct Row {
  std::string id, metadata, text;
};

// As texts.js makes them.
Row MakeRow(size_t i) {
  const std::string number = std::to_string(i), topic = std::to_string(i % 300);
  return {number, "{\"number\":" + number + ",\"topic\":\"topic " + topic + "\"}",
          "Note " + number + " of topic " + topic +
              ": what was said, who said it, and what is to be done about it next week."};
}

void InsertRow(sqlite3* database, sqlite3_stmt* insert, size_t i, const Row& row, const std::vector<float>& vector) {
  const auto bytes = [](const std::string& text) { return static_cast<int>(text.size()); };
  sqlite3_bind_int64(insert, 1, static_cast<int64_t>(i) + 1);
  sqlite3_bind_text(insert, 2, row.id.data(), bytes(row.id), SQLITE_STATIC);
  sqlite3_bind_text(insert, 3, row.metadata.data(), bytes(row.metadata), SQLITE_STATIC);
  sqlite3_bind_text(insert, 4, row.text.data(), bytes(row.text), SQLITE_STATIC);
  sqlite3_bind_blob64(insert, 5, vector.data(), vector.size() * sizeof(float), SQLITE_STATIC);
  Check(database, sqlite3_step(insert) == SQLITE_DONE);
  sqlite3_reset(insert);
}

void Run(const char* path, std::FILE* vectors, size_t n, size_t dimensions, size_t batch) {
  sqlite3* database = nullptr;
  Check(database, sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
  Execute(database, "PRAGMA synchronous=FULL; PRAGMA cache_size=-8192; PRAGMA wal_autocheckpoint=" +
                        std::to_string(kCheckpointPages));
  sqlite3_stmt* insert = nullptr;
  Check(database, sqlite3_prepare_v2(database,
                                     "INSERT INTO records(\"row\", collection, id, version, created_at, updated_at, "
                                     "expires_at, crc, metadata, text, vector) VALUES(?1, 1, ?2, 1, 1, 1, NULL, 1, ?3, "
                                     "?4, ?5)",
                                     -1, &insert, nullptr) == SQLITE_OK);
  int64_t micros = 0;
  for (size_t first = 0; first < n; first += batch) {
    // Made before the clock starts, as the rows of the other engines are.
    const size_t count = std::min(batch, n - first);
    std::vector<Row> rows;
    std::vector<std::vector<float>> numbers(count, std::vector<float>(dimensions));
    for (size_t i = 0; i < count; ++i) {
      rows.push_back(MakeRow(first + i));
      if (std::fread(numbers[i].data(), sizeof(float), dimensions, vectors) != dimensions)
        throw std::runtime_error("the data file is too short");
    }
    const int64_t start = MonotonicMicros();
    Execute(database, "BEGIN IMMEDIATE");
    for (size_t i = 0; i < count; ++i) InsertRow(database, insert, first + i, rows[i], numbers[i]);
    Execute(database, "COMMIT");
    micros += MonotonicMicros() - start;
  }
  sqlite3_finalize(insert);
  sqlite3_close(database);
  std::printf("{\"rows\":%zu,\"rowsPerSecond\":%.0f}\n", n, 1e6 * static_cast<double>(n) / static_cast<double>(micros));
}

}  // namespace

int main(int argc, char** argv) {
  std::FILE* vectors = argc == 6 ? std::fopen(argv[2], "rb") : nullptr;
  if (vectors == nullptr) {
    std::fprintf(stderr, "insert_bench DATABASE VECTORS n dimensions batch; see scenarios/ingest.js\n");
    return 2;
  }
  const auto number = [&](int i) { return static_cast<size_t>(std::strtoull(argv[i], nullptr, 10)); };
  try {
    Run(argv[1], vectors, number(3), number(4), number(5));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  std::fclose(vectors);
  return 0;
}
