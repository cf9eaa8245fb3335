#include "engine/slot_ids.h"

#include <cstring>
#include <optional>

#include "engine/options.h"

namespace agentmemdb {
namespace {

constexpr size_t kUuidLength = 36;
constexpr char kHexDigits[] = "0123456789abcdef";

constexpr bool IsDash(size_t position) { return position == 8 || position == 13 || position == 18 || position == 23; }

// -1 for what is no lower-case hexadecimal digit.
int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The bytes of a UUID in canonical text (RFC 9562 section 4), which can be written back exactly.
std::optional<std::array<char, 16>> ParseUuid(std::string_view text) {
  if (text.size() != kUuidLength) return std::nullopt;
  std::array<char, 16> bytes;
  size_t digits = 0;
  for (size_t i = 0; i < kUuidLength; ++i) {
    if (IsDash(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int digit = HexDigit(text[i]);
    if (digit < 0) return std::nullopt;
    char& byte = bytes[digits / 2];
    byte = static_cast<char>(digits % 2 == 0 ? digit << 4 : byte | digit);
    ++digits;
  }
  return bytes;
}

std::string WriteUuid(const std::array<char, 16>& bytes) {
  std::string text(kUuidLength, '-');
  size_t digits = 0;
  for (size_t i = 0; i < kUuidLength; ++i) {
    if (IsDash(i)) continue;
    const auto byte = static_cast<unsigned char>(bytes[digits / 2]);
    text[i] = kHexDigits[digits % 2 == 0 ? byte >> 4 : byte & 15];
    ++digits;
  }
  return text;
}

// A text after its length, taken off the front.
std::optional<std::string_view> TakeText(std::string_view* bytes) {
  uint16_t length;
  if (bytes->size() < sizeof length) return std::nullopt;
  std::memcpy(&length, bytes->data(), sizeof length);
  if (bytes->size() - sizeof length < length) return std::nullopt;
  const std::string_view text = bytes->substr(sizeof length, length);
  bytes->remove_prefix(sizeof length + length);
  return text;
}

}  // namespace

SlotIds::~SlotIds() {
  for (uint32_t i = 0; i < kinds_.size(); ++i) Free(Slot{i});
}

void SlotIds::Reserve(uint32_t bound) {
  if (bound <= kinds_.size()) return;
  // By half and more at a time: reserving exactly would copy everything with every commit.
  if (bound > places_.capacity()) places_.reserve(bound + bound / 2);
  if (bound > kinds_.capacity()) kinds_.reserve(bound + bound / 2);
  places_.resize(bound);
  kinds_.resize(bound);
}

void SlotIds::Set(Slot slot, std::string_view id) {
  Place place{};
  auto kind = static_cast<uint8_t>(id.size());
  if (const auto uuid = ParseUuid(id)) {
    place = *uuid;
    kind = kUuid;
  } else if (id.size() <= place.size()) {
    std::memcpy(place.data(), id.data(), id.size());
  } else {
    auto* copy = new std::string(id);
    std::memcpy(place.data(), &copy, sizeof copy);
    kind = kHeap;
    heap_bytes_ += sizeof(std::string) + id.size();
  }
  Free(slot);
  places_[ToInt(slot)] = place;
  kinds_[ToInt(slot)] = kind;
}

std::string SlotIds::Get(Slot slot) const {
  const Place& place = places_[ToInt(slot)];
  const uint8_t kind = kinds_[ToInt(slot)];
  if (kind == kUuid) return WriteUuid(place);
  if (kind != kHeap) return std::string(place.data(), kind);
  const std::string* copy;
  std::memcpy(&copy, place.data(), sizeof copy);
  return *copy;
}

std::vector<Section> SlotIds::Write(std::function<bool(Slot)> used) const {
  const size_t bound = kinds_.size();
  std::vector<Section> sections;
  sections.push_back(ArraySection("id-kinds", bound, [this, used](size_t i) {
    return used(Slot{static_cast<uint32_t>(i)}) ? kinds_[i] : uint8_t{0};
  }));
  sections.push_back(ArraySection("id-places", bound, [this, used](size_t i) {
    const bool in_place = used(Slot{static_cast<uint32_t>(i)}) && kinds_[i] != kHeap;
    return in_place ? places_[i] : Place{};
  }));
  // The others, by slot: length, bytes.
  sections.push_back(SectionOf("id-texts", bound, sizeof(Place), [this, used](size_t i, Bytes* part) {
    const Slot slot{static_cast<uint32_t>(i)};
    if (!used(slot) || kinds_[i] != kHeap) return;
    const std::string id = Get(slot);
    AppendValue(part, static_cast<uint16_t>(id.size()));
    const auto bytes = std::as_bytes(std::span(id));
    part->insert(part->end(), bytes.begin(), bytes.end());
  }));
  return sections;
}

bool SlotIds::Read(SectionReader* image, uint32_t bound, const std::function<bool(Slot)>& used) {
  std::vector<char> texts;
  std::vector<uint8_t> kinds;  // kinds_ says what is to be freed: it is set one by one.
  if (!image->ReadArray("id-places", &places_, bound) || !image->ReadArray("id-kinds", &kinds, bound) ||
      !image->ReadArray("id-texts", &texts))
    return false;
  kinds_.resize(bound);
  std::string_view left(texts.data(), texts.size());
  for (uint32_t i = 0; i < bound; ++i) {
    if (!used(Slot{i})) continue;
    if (kinds[i] == kHeap) {
      const std::optional<std::string_view> id = TakeText(&left);
      if (!id || !ValidateId(*id, "id").ok()) return false;
      Set(Slot{i}, *id);
    } else {
      // Any 16 bytes are a UUID.
      if (kinds[i] > kUuid) return false;
      if (kinds[i] != kUuid && !ValidateId({places_[i].data(), kinds[i]}, "id").ok()) return false;
      kinds_[i] = kinds[i];
    }
  }
  return left.empty();
}

void SlotIds::Free(Slot slot) {
  if (kinds_[ToInt(slot)] != kHeap) return;
  const std::string* copy;
  std::memcpy(&copy, places_[ToInt(slot)].data(), sizeof copy);
  heap_bytes_ -= sizeof(std::string) + copy->size();
  delete copy;
  kinds_[ToInt(slot)] = 0;
}

}  // namespace agentmemdb
