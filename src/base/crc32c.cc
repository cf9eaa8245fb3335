#include "base/crc32c.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace agentmemdb {
namespace {

static_assert(std::endian::native == std::endian::little, "stored numbers are little-endian");

constexpr std::array<uint32_t, 256> MakeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0x82f63b78u : 0u);
    table[i] = crc;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kTable = MakeTable();

uint32_t Portable(uint32_t crc, const unsigned char* data, size_t size) {
  for (; size > 0; --size, ++data) crc = (crc >> 8) ^ kTable[(crc ^ *data) & 0xff];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t Hardware(uint32_t crc, const unsigned char* data, size_t size) {
  uint64_t wide = crc;
  for (; size >= 8; size -= 8, data += 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = static_cast<uint32_t>(wide);
  for (; size > 0; --size, ++data) crc = _mm_crc32_u8(crc, *data);
  return crc;
}
#endif

using Kernel = uint32_t (*)(uint32_t, const unsigned char*, size_t);

Kernel PickKernel() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return Hardware;
#endif
  return Portable;
}

}  // namespace

uint32_t Crc32c(uint32_t crc, const void* data, size_t size) {
  static const Kernel kernel = PickKernel();
  return ~kernel(~crc, static_cast<const unsigned char*>(data), size);
}

Checksum& Checksum::Add(int64_t number) {
  crc_ = Crc32c(crc_, &number, sizeof number);
  return *this;
}

Checksum& Checksum::Add(std::string_view bytes) {
  Add(static_cast<int64_t>(bytes.size()));
  crc_ = Crc32c(crc_, bytes.data(), bytes.size());
  return *this;
}

Checksum& Checksum::AddAbsent() { return Add(int64_t{-1}); }

}  // namespace agentmemdb
