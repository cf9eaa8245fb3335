// Where the terms of a query are in a text.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace agentmemdb {

struct Highlight {
  uint32_t begin, end;  // in UTF-16 code units, as JavaScript counts
  std::string term;
};

// In the order of the text, at most `most`; of a name and its parts both may be there.
std::vector<Highlight> FindHighlights(std::string_view text, const std::set<std::string, std::less<>>& terms,
                                      const TextOptions& options, size_t most);

}  // namespace agentmemdb
