#include "meta/field_index.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>

#include "meta/filter_eval.h"

namespace agentmemdb {
namespace {

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr size_t kBytesBetweenChecks = 1u << 20, kBytesOfTest = 256;
constexpr size_t kPassesMax = 4;  // Over the numbers, for $in; beyond that each is looked up.

void AppendBytes(const void* bytes, size_t count, std::string* key) {
  key->append(static_cast<const char*>(bytes), count);
}

void AppendText(std::string_view text, std::string* key) {
  const uint64_t size = text.size();
  AppendBytes(&size, sizeof(size), key);
  key->append(text);
}

// Values that are equal give the same bytes, others different ones.
void AppendKey(const Value& value, std::string* key) {
  key->push_back(static_cast<char>(value.type()));
  switch (value.type()) {
    case ValueType::kNull:
      break;
    case ValueType::kNumber: {
      const double number = value.number() + 0.0;  // -0 equals 0.
      AppendBytes(&number, sizeof(number), key);
      break;
    }
    case ValueType::kString:
      AppendText(value.string(), key);
      break;
    case ValueType::kObject: {
      const uint64_t size = value.object().size();
      AppendBytes(&size, sizeof(size), key);
      for (const Member& member : value.object()) {
        AppendText(member.name, key);
        AppendKey(member.value, key);
      }
      break;
    }
    case ValueType::kArray: {
      const uint64_t size = value.array().size();
      AppendBytes(&size, sizeof(size), key);
      for (const Value& element : value.array()) AppendKey(element, key);
      break;
    }
    case ValueType::kBool:
      key->push_back(value.boolean() ? 1 : 0);
      break;
  }
}

void AppendKey(const ReachedValue& reached, std::string* key) {
  constexpr char kMissing = 'm', kOfArray = 'e';  // No ValueTypes.
  if (reached.of_array) key->push_back(kOfArray);
  if (reached.value)
    AppendKey(*reached.value, key);
  else
    key->push_back(kMissing);
}

std::string KeyOf(const std::vector<ReachedValue>& reached) {
  std::string key;
  for (const ReachedValue& each : reached) AppendKey(each, &key);
  return key;
}

bool IsNumber(const std::vector<ReachedValue>& reached) {
  return reached.size() == 1 && reached.front().value && reached.front().value->is(ValueType::kNumber);
}

// Of many an estimate, a fraction of a percent off: how many bits of a map they set.
size_t Distinct(std::vector<double> numbers) {
  constexpr size_t kCountedMax = 10000;
  if (numbers.size() <= kCountedMax) {
    std::sort(numbers.begin(), numbers.end());
    return static_cast<size_t>(std::unique(numbers.begin(), numbers.end()) - numbers.begin());
  }
  const size_t bits = std::min(std::bit_ceil(8 * numbers.size()), size_t{1} << 31);
  IdSet set;
  set.Reserve(static_cast<uint32_t>(bits));
  const int shift = 64 - std::countr_zero(bits);
  for (const double number : numbers) {
    uint64_t mixed = std::bit_cast<uint64_t>(number + 0.0);  // Neighbours differ in few bits, in the middle.
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    mixed ^= mixed >> 31;
    set.Add(Slot{static_cast<uint32_t>(mixed >> shift)});
  }
  const auto all = static_cast<double>(bits);
  return static_cast<size_t>(std::lround(-all * std::log1p(-static_cast<double>(set.Count()) / all)));
}

// The numbers that pass a leaf which is no kIn: from `least` to `most`; none when it is the other way round.
struct Range {
  double least = kInfinity, most = -kInfinity;
};

Range RangeOf(const Filter& leaf) {
  if (leaf.op == FieldOp::kExists) return {-kInfinity, kInfinity};
  if (leaf.op > FieldOp::kLessOrEqual) return {};  // No number passes.
  if (!leaf.operands.front().is(ValueType::kNumber)) return {};
  const double x = leaf.operands.front().number();
  switch (leaf.op) {
    case FieldOp::kEqual:
      return {x, x};
    case FieldOp::kGreater:
      return {std::nextafter(x, kInfinity), kInfinity};
    case FieldOp::kGreaterOrEqual:
      return {x, kInfinity};
    case FieldOp::kLess:
      return {-kInfinity, std::nextafter(x, -kInfinity)};
    default:
      return {-kInfinity, x};
  }
}

}  // namespace

void FieldIndex::RemoveKnown(IdSet* slots) const {
  std::shared_lock guard(mutex_);
  slots->AndNot(known_);
}

FieldIndex::Reached FieldIndex::ReachedIn(RecordValues* record) const {
  Reached reached;
  record->Any(path_, [&reached](const Value* value, bool of_array) {
    reached.push_back({value == nullptr ? std::nullopt : std::optional(*value), of_array});
    return false;
  });
  return reached;
}

bool FieldIndex::Agrees(Slot slot, RecordValues* record) const {
  const Reached reached = ReachedIn(record);
  std::shared_lock guard(mutex_);
  if (!known_.Contains(slot)) return true;
  const uint32_t code = codes_[ToInt(slot)];
  if (IsNumber(reached)) return code == 0 && numbers_[ToInt(slot)] == reached.front().value->number();
  return code != 0 && std::isnan(numbers_[ToInt(slot)]) && *entries_[code].key == KeyOf(reached);
}

void FieldIndex::Learn(Slot slot, RecordValues* record) {
  Reached reached = ReachedIn(record);
  if (record->damaged()) return;
  std::lock_guard guard(mutex_);
  Reserve(slot);
  if (IsNumber(reached)) {
    numbers_[ToInt(slot)] = reached.front().value->number();
    Replace(slot, 0);
  } else {
    const uint32_t code = CodeFor(std::move(reached));
    numbers_[ToInt(slot)] = kNotANumber;
    Replace(slot, code);
  }
  known_.Add(slot);
}

void FieldIndex::Reserve(Slot slot) {
  const size_t bound = size_t{ToInt(slot)} + 1;
  known_.Reserve(static_cast<uint32_t>(bound));
  if (bound <= codes_.size()) return;
  numbers_.resize(bound, kNotANumber);
  codes_.resize(bound);
}

void FieldIndex::Replace(Slot slot, uint32_t code) {
  const uint32_t old = codes_[ToInt(slot)];
  codes_[ToInt(slot)] = code;
  if (code != 0) ++entries_[code].slots;
  if (old != 0 && --entries_[old].slots == 0) Drop(old);
}

uint32_t FieldIndex::CodeFor(Reached reached) {
  std::string key = KeyOf(reached);
  const auto found = code_of_.find(key);
  if (found != code_of_.end()) return found->second;
  if (free_codes_.empty()) {
    free_codes_.push_back(static_cast<uint32_t>(entries_.size()));
    entries_.emplace_back();
  }
  const uint32_t code = free_codes_.back();
  if (reached.size() != 1) several_.insert(code);
  const auto place = code_of_.emplace(std::move(key), code).first;
  free_codes_.pop_back();  // From here on nothing fails.
  entry_bytes_ += 2 * place->first.size();
  entries_[code] = {std::move(reached), 0, &place->first};
  return code;
}

void FieldIndex::Drop(uint32_t code) {
  entry_bytes_ -= 2 * entries_[code].key->size();
  several_.erase(code);
  code_of_.erase(*entries_[code].key);
  entries_[code] = {};
  free_codes_.push_back(code);
}

IdSet FieldIndex::Find(const Filter& leaf, const CancelToken& cancel) const {
  std::shared_lock guard(mutex_);
  IdSet found;
  AddNumbers(leaf, &found);
  AddCodes(leaf, cancel, &found);
  return found;
}

void FieldIndex::AddNumbers(const Filter& leaf, IdSet* found) const {
  const double* numbers = numbers_.data();
  const auto within = [&](Range range) {
    if (range.least > range.most) return;
    found->Or(IdSet::Between(numbers, numbers_.size(), range.least, range.most));
  };
  if (leaf.op != FieldOp::kIn) return within(RangeOf(leaf));
  std::vector<double> wanted;  // Ascending, as the operands are.
  for (const Value& operand : leaf.operands) {
    if (operand.is(ValueType::kNumber)) wanted.push_back(operand.number());
  }
  if (wanted.size() <= kPassesMax) {
    for (const double x : wanted) within({x, x});
  } else {
    found->Or(IdSet::Where(numbers_.size(), [&](uint32_t slot) {
      return !std::isnan(numbers[slot]) && std::binary_search(wanted.begin(), wanted.end(), numbers[slot]);
    }));
  }
}

void FieldIndex::AddCodes(const Filter& leaf, const CancelToken& cancel, IdSet* found) const {
  uint32_t passing = 0;
  const std::vector<uint8_t> passes = PassingCodes(leaf, cancel, &passing);
  if (passing == 0) return;
  const uint32_t* codes = codes_.data();
  if (passing == 1) {
    const auto only = static_cast<uint32_t>(std::find(passes.begin(), passes.end(), 1) - passes.begin());
    found->Or(IdSet::Where(codes_.size(), [=](uint32_t slot) { return codes[slot] == only; }));
  } else {
    found->Or(IdSet::Where(codes_.size(), [&](uint32_t slot) { return passes[codes[slot]] != 0; }));
  }
}

std::vector<uint8_t> FieldIndex::PassingCodes(const Filter& leaf, const CancelToken& cancel, uint32_t* count) const {
  std::vector<uint8_t> passes(entries_.size());
  const auto test = [&](uint32_t code) {
    const Reached& reached = entries_[code].reached;
    passes[code] = std::any_of(reached.begin(), reached.end(),
                               [&](const ReachedValue& each) { return Passes(leaf, each.get(), each.of_array); });
    *count += passes[code];
  };
  if (leaf.op != FieldOp::kEqual && leaf.op != FieldOp::kIn) {
    size_t bytes = 0;
    for (uint32_t code = 1; code < entries_.size(); ++code) {
      if (entries_[code].key == nullptr) continue;
      bytes += kBytesOfTest + entries_[code].key->size();
      if (bytes > kBytesBetweenChecks) {
        if (!cancel.Check().ok()) return passes;
        bytes = 0;
      }
      test(code);
    }
    return passes;
  }
  // Of the lists of one thing only what is asked for can pass; null is asked for of what is missing too.
  const auto look_up = [&](const ReachedValue& wanted) {
    std::string key;
    AppendKey(wanted, &key);
    if (const auto place = code_of_.find(key); place != code_of_.end() && passes[place->second] == 0)
      test(place->second);
  };
  for (const Value& operand : leaf.operands) {
    look_up({operand});
    if (operand.is(ValueType::kNull)) look_up({});
  }
  for (const uint32_t code : several_) {
    if (passes[code] == 0) test(code);
  }
  return passes;
}

FieldIndex::Keys::Keys(const FieldIndex& index, bool descending)
    : index_(index), guard_(index.mutex_), of_code_(index.entries_.size()) {
  for (size_t code = 1; code < of_code_.size(); ++code) {
    SortKeyFinder finder(descending);
    for (const ReachedValue& each : index.entries_[code].reached) finder.Add(each.get(), each.of_array);
    of_code_[code] = finder.key();
  }
}

std::strong_ordering FieldIndex::Keys::Compare(Slot a, Slot b) const {
  const uint32_t code_a = index_.codes_[ToInt(a)], code_b = index_.codes_[ToInt(b)];
  if (code_a != 0 && code_a == code_b) return std::strong_ordering::equal;
  if (code_a != 0 && code_b != 0) return CompareKeys(of_code_[code_a], of_code_[code_b]);
  if (code_a == code_b) {  // The common case.
    const double x = index_.numbers_[ToInt(a)], y = index_.numbers_[ToInt(b)];
    return x == y ? std::strong_ordering::equal : x < y ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  const Value number_a(index_.numbers_[ToInt(a)]), number_b(index_.numbers_[ToInt(b)]);
  return CompareKeys(code_a != 0 ? of_code_[code_a] : &number_a, code_b != 0 ? of_code_[code_b] : &number_b);
}

std::strong_ordering FieldIndex::Keys::Compare(Slot a, const std::optional<Value>& key) const {
  const uint32_t code = index_.codes_[ToInt(a)];
  const Value number(index_.numbers_[ToInt(a)]);
  return CompareKeys(code != 0 ? of_code_[code] : &number, key ? &*key : nullptr);
}

std::optional<Value> FieldIndex::Keys::Get(Slot slot) const {
  const uint32_t code = index_.codes_[ToInt(slot)];
  if (code == 0) return Value(index_.numbers_[ToInt(slot)]);
  return of_code_[code] == nullptr ? std::nullopt : std::optional(*of_code_[code]);
}

size_t FieldIndex::CountDistinct() const {
  std::shared_lock guard(mutex_);
  std::vector<uint8_t> seen(entries_.size());
  std::vector<double> numbers;
  size_t lists = 0;
  known_.ForEach([&](Slot slot) {
    const uint32_t code = codes_[ToInt(slot)];
    if (code == 0) return numbers.push_back(numbers_[ToInt(slot)]);
    lists += seen[code] == 0 ? 1 : 0;
    seen[code] = 1;
  });
  return lists + Distinct(std::move(numbers));
}

size_t FieldIndex::memory_bytes() const {
  constexpr size_t kHashNode = 64;
  std::shared_lock guard(mutex_);
  return sizeof(*this) + known_.memory_bytes() + numbers_.capacity() * sizeof(double) +
         codes_.capacity() * sizeof(uint32_t) + entries_.capacity() * sizeof(Entry) +
         code_of_.size() * (kHashNode + sizeof(ReachedValue)) + entry_bytes_;
}

}  // namespace agentmemdb
