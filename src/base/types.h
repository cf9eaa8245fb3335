// The small words every room shares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace agentmemdb {

// A record's stored name: the SQLite row. Never reused, the same in every process.
enum class RowId : int64_t {};
// A record's place in the memory of this process: dense, per collection, reused. Never stored with records, never sent
// to another process.
enum class Slot : uint32_t {};
enum class CollectionId : int64_t {};

constexpr int64_t ToInt(RowId row) { return static_cast<int64_t>(row); }
constexpr uint32_t ToInt(Slot slot) { return static_cast<uint32_t>(slot); }
constexpr int64_t ToInt(CollectionId id) { return static_cast<int64_t>(id); }

// Raised by one with every committed transaction of a database.
using Version = int64_t;
// Integer milliseconds since the Unix epoch.
using TimeMs = int64_t;
// Larger is better.
using Score = float;
using VectorView = std::span<const float>;

}  // namespace agentmemdb
