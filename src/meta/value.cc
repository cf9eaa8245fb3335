#include "meta/value.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace agentmemdb {
namespace {

std::strong_ordering CompareNumbers(double a, double b) {
  if (a == b) return std::strong_ordering::equal;
  return a < b ? std::strong_ordering::less : std::strong_ordering::greater;
}

std::strong_ordering CompareArrays(const ValueArray& a, const ValueArray& b) {
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    if (const auto order = Compare(a[i], b[i]); order != 0) return order;
  }
  return a.size() <=> b.size();
}

std::strong_ordering CompareObjects(const ValueObject& a, const ValueObject& b) {
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    if (const auto order = a[i].value.type() <=> b[i].value.type(); order != 0) return order;
    if (const auto order = a[i].name <=> b[i].name; order != 0) return order;
    if (const auto order = Compare(a[i].value, b[i].value); order != 0) return order;
  }
  return a.size() <=> b.size();
}

// Receives the events of nlohmann's parser, which neither recurses nor throws here. The value of an open container
// cannot move: what holds it grows only after it is closed.
class ValueBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit ValueBuilder(int depth_max) : depth_max_(static_cast<size_t>(depth_max)) {}

  Value Take() { return std::move(root_); }

  bool null() override { return Put(Value()); }
  bool boolean(bool value) override { return Put(Value(value)); }
  bool number_integer(number_integer_t value) override { return Put(Value(static_cast<double>(value))); }
  bool number_unsigned(number_unsigned_t value) override { return Put(Value(static_cast<double>(value))); }
  bool number_float(number_float_t value, const string_t&) override { return Put(Value(value)); }
  bool string(string_t& value) override { return Put(Value(std::move(value))); }
  bool binary(binary_t&) override { return false; }

  bool start_object(size_t) override { return Open(Value(ValueObject())); }
  bool end_object() override { return Close(); }
  bool start_array(size_t) override { return Open(Value(ValueArray())); }
  bool end_array() override { return Close(); }
  bool key(string_t& name) override {
    open_.back()->object().push_back({std::move(name), Value()});
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
  bool Put(Value value) {
    Place() = std::move(value);
    return true;
  }

  bool Open(Value container) {
    if (open_.size() >= depth_max_) return false;
    Value& place = Place();
    place = std::move(container);
    open_.push_back(&place);
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  // Where the next value goes.
  Value& Place() {
    if (open_.empty()) return root_;
    if (open_.back()->is(ValueType::kArray)) return open_.back()->array().emplace_back();
    return open_.back()->object().back().value;
  }

  size_t depth_max_;
  Value root_;
  std::vector<Value*> open_;
};

}  // namespace

Value::Value(ValueArray array) : held_(std::move(array)) {}
Value::Value(ValueObject object) : held_(std::move(object)) {}

const Value* Value::Find(std::string_view name) const {
  if (!is(ValueType::kObject)) return nullptr;
  const ValueObject& members = object();
  const auto found =
      std::find_if(members.rbegin(), members.rend(), [&](const Member& member) { return member.name == name; });
  return found == members.rend() ? nullptr : &found->value;
}

std::strong_ordering Compare(const Value& a, const Value& b) {
  if (const auto order = a.type() <=> b.type(); order != 0) return order;
  switch (a.type()) {
    case ValueType::kNull:
      break;
    case ValueType::kNumber:
      return CompareNumbers(a.number(), b.number());
    case ValueType::kString:
      return a.string() <=> b.string();
    case ValueType::kObject:
      return CompareObjects(a.object(), b.object());
    case ValueType::kArray:
      return CompareArrays(a.array(), b.array());
    case ValueType::kBool:
      return a.boolean() <=> b.boolean();
  }
  return std::strong_ordering::equal;
}

bool Equal(const Value& a, const Value& b) { return Compare(a, b) == 0; }

std::optional<Value> ParseValue(std::string_view json, int depth_max) {
  ValueBuilder builder(depth_max);
  if (!nlohmann::json::sax_parse(json, &builder)) return std::nullopt;
  return builder.Take();
}

void AppendJson(const Value& value, std::string* json) {
  switch (value.type()) {
    case ValueType::kNull:
      json->append("null");
      break;
    case ValueType::kNumber:
      AppendJsonNumber(json, value.number());
      break;
    case ValueType::kString:
      AppendJsonString(json, value.string());
      break;
    case ValueType::kObject:
      json->push_back('{');
      for (const Member& member : value.object()) {
        if (&member != &value.object().front()) json->push_back(',');
        AppendJsonString(json, member.name);
        json->push_back(':');
        AppendJson(member.value, json);
      }
      json->push_back('}');
      break;
    case ValueType::kArray:
      json->push_back('[');
      for (const Value& element : value.array()) {
        if (&element != &value.array().front()) json->push_back(',');
        AppendJson(element, json);
      }
      json->push_back(']');
      break;
    case ValueType::kBool:
      json->append(value.boolean() ? "true" : "false");
      break;
  }
}

}  // namespace agentmemdb
