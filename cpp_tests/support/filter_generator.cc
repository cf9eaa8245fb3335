#include "support/filter_generator.h"

#include "base/text.h"

namespace agentmemdb {

std::string FilterGenerator::Metadata() { return random_.Below(10) == 0 ? "" : Object(3); }

std::string FilterGenerator::FilterJson(int depth, bool of_records) {
  std::string json = "{";
  for (uint64_t i = random_.Below(3); i > 0; --i) json += Member(depth, of_records) + ",";
  json += Member(depth, of_records);
  return json + "}";
}

const char* FilterGenerator::Pick(std::initializer_list<const char*> choices) {
  return choices.begin()[random_.Below(choices.size())];
}

std::string FilterGenerator::Quoted(std::string_view text) {
  std::string json;
  AppendJsonString(&json, text);
  return json;
}

std::string FilterGenerator::Name() { return Pick({"a", "b", "c", "0"}); }

std::string FilterGenerator::Leaf() {
  return Pick({"null", "true", "false", "0", "1", "2", "-1.5", "\"x\"", "\"y\"", "\"xy\"", "\"\"", "[]", "{}"});
}

std::string FilterGenerator::AnyValue(int depth) {
  if (depth == 0 || random_.Below(2) == 0) return Leaf();
  return random_.Below(2) == 0 ? Object(depth - 1) : Array(depth - 1);
}

std::string FilterGenerator::Array(int depth) {
  std::string json = "[";
  for (uint64_t i = random_.Below(4); i > 0; --i) {
    if (json.size() > 1) json += ",";
    json += AnyValue(depth);
  }
  return json + "]";
}

std::string FilterGenerator::Object(int depth) {
  std::string json = "{";
  for (uint64_t i = random_.Below(4); i > 0; --i) {
    if (json.size() > 1) json += ",";
    json += Quoted(Name()) + ":" + AnyValue(depth);
  }
  return json + "}";
}

std::string FilterGenerator::Path() {
  std::string path = Name();
  for (uint64_t i = random_.Below(3); i > 0; --i) path.append(".").append(Name());
  return path;
}

std::string FilterGenerator::Operators(int depth) {
  if (depth > 0 && random_.Below(5) == 0) return std::string("{\"$not\":") + Operators(depth - 1) + "}";
  const std::string op = Pick({"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$all",
                               "$elemMatch", "$contains", "$startsWith", "$regex"});
  if (op == "$elemMatch") {
    const std::string wanted = depth > 0 && random_.Below(2) == 0 ? FilterJson(0, false) : Operators(depth - 1);
    return std::string("{\"$elemMatch\":") + wanted + "}";
  }
  if (op == "$startsWith") return std::string("{\"$startsWith\":") + Pick({"\"x\"", "\"\"", "\"xy\""}) + "}";
  if (op == "$regex")
    return std::string("{\"$regex\":") + Pick({"\"^x\"", "\"[xy]$\"", "\"X\"", "\"^$\""}) +
           Pick({"", ",\"$options\":\"i\""}) + "}";
  if (op == "$exists") return std::string("{\"$exists\":") + std::string(Pick({"true", "false"})) + "}";
  const bool list = op == "$in" || op == "$nin" || op == "$all";
  return std::string("{") + Quoted(op) + ":" + (list ? Array(2) : AnyValue(2)) + "}";
}

std::string FilterGenerator::Member(int depth, bool of_records) {
  if (depth > 0 && random_.Below(3) == 0) {
    if (random_.Below(4) == 0) return std::string("\"$not\":") + FilterJson(depth - 1, of_records);
    std::string list = Quoted(Pick({"$and", "$or", "$nor"})) + ":[" + FilterJson(depth - 1, of_records);
    for (uint64_t i = random_.Below(3); i > 0; --i) list.append(",").append(FilterJson(depth - 1, of_records));
    return list + "]";
  }
  if (of_records && random_.Below(8) == 0)
    return Quoted(Pick({"$createdAt", "$version", "$expiresAt"})) + ":{" + Quoted(Pick({"$gt", "$lte", "$ne"})) + ":" +
           std::to_string(random_.Below(60)) + "}";
  return Quoted(Path()) + ":" + (random_.Below(3) == 0 ? AnyValue(2) : Operators(1));
}

}  // namespace agentmemdb
