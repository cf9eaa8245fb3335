#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>

#include "base/memory.h"

namespace agentmemdb {
namespace {

constexpr size_t kFirstReserve = size_t{16} << 20;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kHugeMin = 4 * kHugePage;  // smaller ranges have small pages: each huge one takes 2 MB
constexpr size_t kStep = size_t{64} << 10;  // a multiple of every page size
constexpr size_t kAheadMax = size_t{64} << 20;

size_t RoundUp(size_t value, size_t to) { return (value + to - 1) / to * to; }

// From where a huge page may begin. Throws std::bad_alloc.
std::byte* ReserveAddresses(size_t size) {
  void* range = mmap(nullptr, size + kHugePage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) throw std::bad_alloc();
  auto* const begin = static_cast<std::byte*>(range);
  const size_t before = RoundUp(reinterpret_cast<uintptr_t>(begin), kHugePage) - reinterpret_cast<uintptr_t>(begin);
  if (before > 0) munmap(begin, before);
  munmap(begin + before + size, kHugePage - before);
  return begin + before;
}

}  // namespace

GrowingMemory::~GrowingMemory() {
  if (data_ != nullptr) munmap(data_, reserved_);
}

void GrowingMemory::Grow(size_t bytes) {
  if (bytes <= size_) return;
  // A page is there only when it is written: asking for some more than needed saves calls and costs nothing.
  const size_t ahead = std::min(bytes / 8, kAheadMax);
  const size_t wanted = RoundUp(bytes + ahead, kStep);
  // What grows will grow again, and a page that is cut off now would stay small.
  const size_t size = size_ == 0 || wanted < kHugeMin ? wanted : RoundUp(wanted, kHugePage);
  if (size > reserved_)
    Move(size);
  else if (mprotect(data_ + size_, size - size_, PROT_READ | PROT_WRITE) != 0)
    throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  // Fewer misses of the address cache, about 4 %. What is made at once need not waste the rest of a page.
  if (size >= kHugeMin) madvise(data_, size_ == 0 ? bytes / kHugePage * kHugePage : size, MADV_HUGEPAGE);
#endif
  size_ = size;
}

void GrowingMemory::Populate(size_t begin, size_t end) const {
#ifdef MADV_POPULATE_WRITE
  begin = RoundUp(begin, kStep);
  end = std::min(end, size_) / kStep * kStep;
  if (begin < end) madvise(data_ + begin, end - begin, MADV_POPULATE_WRITE);
#endif
}

void GrowingMemory::Move(size_t size) {
  // Addresses only: eight times what is used, so that a range moves a few times in its life.
  const size_t reserve = std::max(kFirstReserve, RoundUp(size * 8, kHugePage));
  std::byte* const fresh = ReserveAddresses(reserve);
  if (mprotect(fresh, size, PROT_READ | PROT_WRITE) != 0) {
    munmap(fresh, reserve);
    throw std::bad_alloc();
  }
  if (size_ > 0) {
#ifdef MREMAP_FIXED
    // The pages change their address; nothing is copied.
    if (mremap(data_, size_, size_, MREMAP_MAYMOVE | MREMAP_FIXED, fresh) == MAP_FAILED)
#endif
      std::memcpy(fresh, data_, size_);
  }
  if (data_ != nullptr) munmap(data_, reserved_);
  data_ = fresh;
  reserved_ = reserve;
}

}  // namespace agentmemdb
