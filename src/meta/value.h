// A JSON value as filters see it, and how two of them compare: MongoDB's rules for the types that JSON has.
//
// Not nlohmann::json: an object here keeps the order of its members, since two objects are equal only if their members
// come in the same order; and reading one takes linear time even with 100,000 members.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace agentmemdb {

// In MongoDB's order: values of different types sort by type.
enum class ValueType : uint8_t { kNull, kNumber, kString, kObject, kArray, kBool };

class Value;
struct Member;
using ValueArray = std::vector<Value>;
using ValueObject = std::vector<Member>;  // as written

// Threads: const members beside one another.
class Value {
 public:
  Value();  // null
  explicit Value(bool boolean);
  explicit Value(double number);
  explicit Value(std::string string);
  explicit Value(const char*) = delete;  // Would be a boolean.
  explicit Value(ValueArray array);
  explicit Value(ValueObject object);

  ValueType type() const { return static_cast<ValueType>(held_.index()); }
  bool is(ValueType wanted) const { return type() == wanted; }

  // Only for values of that type.
  double number() const { return *std::get_if<double>(&held_); }
  bool boolean() const { return *std::get_if<bool>(&held_); }
  const std::string& string() const { return *std::get_if<std::string>(&held_); }
  const ValueArray& array() const { return *std::get_if<ValueArray>(&held_); }
  ValueArray& array() { return *std::get_if<ValueArray>(&held_); }
  const ValueObject& object() const { return *std::get_if<ValueObject>(&held_); }
  ValueObject& object() { return *std::get_if<ValueObject>(&held_); }

  // The member of that name (the last one, as JSON.parse has it); nullptr when there is none or this is no object.
  const Value* Find(std::string_view name) const;

 private:
  std::variant<std::monostate, double, std::string, ValueObject, ValueArray, bool> held_;  // By ValueType.
};

struct Member {
  std::string name;
  Value value;
};

// Here, where a Member is known: what a constructor takes back when it fails could hold some.
inline Value::Value() = default;
inline Value::Value(bool boolean) : held_(boolean) {}
inline Value::Value(double number) : held_(number) {}
inline Value::Value(std::string string) : held_(std::move(string)) {}

// The order of all values: by type; then numbers by size, strings by UTF-8 bytes, false before true, arrays element by
// element, objects member by member (type of the value, name, value); of two that agree so far the shorter comes first.
// `$eq` means equal in this order; `$gt` and its kin also ask for the same type.
std::strong_ordering Compare(const Value& a, const Value& b);
bool Equal(const Value& a, const Value& b);

// Reads RFC 8259 text nested at most `depth_max` levels. Numbers become doubles; -0 equals 0.
// nullopt: not JSON, deeper, ill-formed UTF-8, a lone surrogate, or a number beyond a double.
std::optional<Value> ParseValue(std::string_view json, int depth_max);
// The other way round: what ParseValue makes an equal value of.
void AppendJson(const Value& value, std::string* json);

}  // namespace agentmemdb
