#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/random.h"

namespace agentmemdb {

// Random JSON of few names and few values, so that filters often meet what they ask for.
class FilterGenerator {
 public:
  explicit FilterGenerator(uint64_t seed) : random_(seed) {}

  std::string Metadata();
  // `of_records`: it may ask of $version and the like.
  std::string FilterJson(int depth, bool of_records = true);

 private:
  const char* Pick(std::initializer_list<const char*> choices);
  std::string Quoted(std::string_view text);
  std::string Name();
  std::string Leaf();
  std::string AnyValue(int depth);
  std::string Array(int depth);
  std::string Object(int depth);
  std::string Path();
  std::string Operators(int depth);
  std::string Member(int depth, bool of_records);

  Random random_;
};

}  // namespace agentmemdb
