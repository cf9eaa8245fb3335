#include "text/text_segment.h"

#include <algorithm>
#include <bit>

#include "text/segment_check.h"
#include "text/unicode.h"

namespace agentmemdb {
namespace {

// Another one when words become terms in another way: what an image holds is read no more then, and learnt anew.
constexpr uint64_t kFormat = 0x3230'5845'5420'4D41;  // "AM TEX02"

template <class T>
std::span<const std::byte> BytesOf(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

}  // namespace

uint32_t WordSignature(std::string_view word) {
  uint32_t signature = 0;
  for (size_t at = 0; at < word.size();) {
    const CodePoint next = CodePointAt(word, at);
    signature |= uint32_t{1} << (next.value * 0x9E3779B1u >> 27);
    at += next.bytes;
  }
  return signature;
}

TextSegment::TextSegment(SegmentArrays arrays) : arrays_(std::move(arrays)) {
  for (const uint32_t length : arrays_.lengths) tokens_ += length;
  average_length_ = texts() == 0 ? 0 : static_cast<float>(static_cast<double>(tokens_) / texts());
  SegmentArrays::ForEach(arrays_, [this](auto& values) {
    values.shrink_to_fit();
    bytes_ += BytesOf(values).size();
  });
}

std::optional<uint32_t> TextSegment::TextOf(Slot slot) const {
  const std::vector<uint32_t>& slots = arrays_.slots;
  if (slots.empty() || ToInt(slot) < slots.front() || ToInt(slot) > slots.back()) return std::nullopt;
  // Slots given together follow one another.
  const uint32_t guess = ToInt(slot) - slots.front();
  if (guess < slots.size() && slots[guess] == ToInt(slot)) return guess;
  const auto found = std::lower_bound(slots.begin(), slots.end(), ToInt(slot));
  if (*found != ToInt(slot)) return std::nullopt;
  return static_cast<uint32_t>(found - slots.begin());
}

std::optional<uint32_t> TextSegment::FindTerm(std::string_view term) const {
  uint32_t low = 0, high = terms();
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const int order = Term(middle).compare(term);
    if (order == 0) return middle;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return std::nullopt;
}

uint32_t TextSegment::LowerBoundOfWord(std::string_view word) const {
  uint32_t low = 0, high = words();
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (Word(middle) < word)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

uint32_t TextSegment::ManyAt(uint32_t posting) const {
  const std::vector<uint32_t>& many = arrays_.many;
  size_t low = 0, high = many.size() / 2;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (many[2 * middle] < posting)
      low = middle + 1;
    else
      high = middle;
  }
  return many[2 * low + 1];
}

uint32_t TextSegment::Frequency(uint32_t term, uint32_t text) const {
  const std::span<const PostingBlock> blocks = BlocksOf(term);
  auto block = std::upper_bound(blocks.begin(), blocks.end(), text,
                                [](uint32_t wanted, const PostingBlock& each) { return wanted < each.first; });
  if (block == blocks.begin()) return 0;
  --block;
  const uint32_t wanted = text - block->first;
  if (wanted > UINT16_MAX) return 0;
  const uint32_t begin = block->postings, end = (&*block)[1].postings;
  const uint16_t* offsets = arrays_.offsets.data();
  const uint16_t* found = std::lower_bound(offsets + begin, offsets + end, static_cast<uint16_t>(wanted));
  if (found == offsets + end || *found != wanted) return 0;
  return FrequencyAt(static_cast<uint32_t>(found - offsets));
}

// All arrays, each as its count and its bytes.
Section TextSegment::Write(std::string name, std::shared_ptr<const TextSegment> segment) {
  std::vector<std::span<const std::byte>> pieces;
  auto numbers = std::make_shared<std::vector<uint64_t>>();
  numbers->push_back(kFormat);
  SegmentArrays::ForEach(segment->arrays_, [&](const auto& values) { numbers->push_back(values.size()); });
  pieces.push_back(std::as_bytes(std::span(*numbers)));
  SegmentArrays::ForEach(segment->arrays_, [&](const auto& values) { pieces.push_back(BytesOf(values)); });
  auto next = [segment = std::move(segment), numbers, pieces, piece = size_t{0}, at = size_t{0}](Bytes* part) mutable {
    for (size_t room = kPartBytes; piece < pieces.size() && room > 0;) {
      const std::span<const std::byte> rest = pieces[piece].subspan(at);
      const size_t take = std::min(rest.size(), room);
      part->insert(part->end(), rest.begin(), rest.begin() + static_cast<ptrdiff_t>(take));
      at += take;
      room -= take;
      if (at == pieces[piece].size()) ++piece, at = 0;
    }
    return piece < pieces.size();
  };
  return {std::move(name), std::move(next)};
}

std::shared_ptr<const TextSegment> TextSegment::Read(std::span<const std::byte> bytes) {
  const auto take = [&bytes](void* to, size_t size) {
    if (size > bytes.size()) return false;
    if (size > 0) std::memcpy(to, bytes.data(), size);
    bytes = bytes.subspan(size);
    return true;
  };
  uint64_t format = 0;
  if (!take(&format, sizeof format) || format != kFormat) return nullptr;
  SegmentArrays arrays;
  bool good = true;
  std::vector<uint64_t> counts;
  SegmentArrays::ForEach(arrays, [&](auto&) {
    counts.push_back(0);
    good = good && take(&counts.back(), sizeof counts.back());
  });
  size_t next = 0;
  SegmentArrays::ForEach(arrays, [&](auto& values) {
    const uint64_t count = counts[next++];
    good = good && count <= bytes.size() / sizeof(values[0]);
    if (!good) return;
    values.resize(count);
    good = take(values.data(), count * sizeof(values[0]));
  });
  if (!good || !bytes.empty() || !IsSound(arrays)) return nullptr;
  return std::make_shared<const TextSegment>(std::move(arrays));
}

}  // namespace agentmemdb
