// How a thing is written down, in named sections, and read back, by rooms that do not know the file it goes to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace agentmemdb {

using Bytes = std::vector<std::byte>;

// A part is about this large: tens of microseconds to make.
constexpr size_t kPartBytes = size_t{128} << 10;

// Appends the next part of something to `part`, and says whether there is more. Each is called until it says no.
using PartMaker = std::function<bool(Bytes* part)>;

struct Section {
  std::string name;  // 1..15 bytes
  PartMaker next;
};

template <class T>
void AppendValue(Bytes* bytes, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  const auto* begin = reinterpret_cast<const std::byte*>(&value);
  bytes->insert(bytes->end(), begin, begin + sizeof value);
}

// A section of `count` items of which append(i, bytes) appends one, `item_bytes` or so.
template <class Append>
Section SectionOf(std::string name, size_t count, size_t item_bytes, Append append) {
  const size_t most = std::max<size_t>(1, kPartBytes / item_bytes);
  return {std::move(name), [count, most, append, next = size_t{0}](Bytes* part) mutable {
            for (const size_t end = next + std::min(most, count - next); next < end; ++next) append(next, part);
            return next < count;
          }};
}

// A section of `count` numbers or plain structs: at(0), at(1), ...
template <class At>
Section ArraySection(std::string name, size_t count, At at) {
  using T = std::invoke_result_t<At, size_t>;
  return SectionOf(std::move(name), count, sizeof(T), [at](size_t i, Bytes* part) { AppendValue<T>(part, at(i)); });
}

// Gives sections back as they were written, checksums verified. What they say is anybody's: the reader checks it.
class SectionReader {
 public:
  virtual ~SectionReader() = default;
  // nullopt: there is no such section. Never more than the file has.
  virtual std::optional<size_t> BytesOf(std::string_view name) const = 0;
  // Reads all of a section into `bytes`, which has room for exactly that. False: it cannot be read, or fails its check.
  virtual bool Read(std::string_view name, std::span<std::byte> bytes) = 0;

  // A section that is one value.
  template <class T>
  bool ReadValue(std::string_view name, T* value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return BytesOf(name) == sizeof(T) && Read(name, std::as_writable_bytes(std::span(value, 1)));
  }
  // A section that is an array, of `count` values if that is given. May throw std::bad_alloc.
  template <class T>
  bool ReadArray(std::string_view name, std::vector<T>* values, std::optional<size_t> count = std::nullopt) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::optional<size_t> bytes = BytesOf(name);
    if (!bytes || *bytes % sizeof(T) != 0 || (count && *bytes / sizeof(T) != *count)) return false;
    values->resize(*bytes / sizeof(T));
    return Read(name, std::as_writable_bytes(std::span(*values)));
  }
};

}  // namespace agentmemdb
