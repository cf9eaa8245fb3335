// CRC-32C (Castagnoli polynomial, RFC 3720 appendix B.4), in hardware where the CPU has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace agentmemdb {

// Extends `crc` (0 to begin with) by `size` bytes.
uint32_t Crc32c(uint32_t crc, const void* data, size_t size);

// A checksum over a sequence of fields: each is framed by its presence and length, so that no two sequences collide by
// moving bytes between neighbours.
class Checksum {
 public:
  Checksum& Add(int64_t number);
  Checksum& Add(std::string_view bytes);
  Checksum& AddAbsent();
  uint32_t value() const { return crc_; }

 private:
  uint32_t crc_ = 0;
};

}  // namespace agentmemdb
