// Sections in memory, where a test can look at them and change them: what an image file holds, without the file.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/sections.h"

namespace agentmemdb {

class SectionStore final : public SectionReader {
 public:
  void Take(std::vector<Section> written) {
    for (Section& section : written) {
      Bytes& bytes = sections[section.name];
      while (section.next(&bytes)) {
      }
    }
  }
  std::optional<size_t> BytesOf(std::string_view name) const override {
    const auto found = sections.find(std::string(name));
    return found == sections.end() ? std::nullopt : std::optional<size_t>(found->second.size());
  }
  bool Read(std::string_view name, std::span<std::byte> bytes) override {
    const auto found = sections.find(std::string(name));
    if (found == sections.end() || found->second.size() != bytes.size()) return false;
    std::copy(found->second.begin(), found->second.end(), bytes.begin());
    return true;
  }

  std::map<std::string, Bytes> sections;
};

// All of what a maker makes.
inline std::string AllParts(PartMaker next) {
  Bytes bytes;
  while (next(&bytes)) {
  }
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace agentmemdb
