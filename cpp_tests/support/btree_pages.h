// Where the rows of a table lie in a closed SQLite file (its "file format" page, sections 1.5 and 1.6): read here by hand,
// so that a test knows what a damaged byte belonged to.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace agentmemdb {

enum class PageKind { kOther, kInterior, kLeaf, kOverflow };

struct TableCell {
  int64_t row = 0;
  size_t begin = 0;    // in the file: the two numbers in front
  size_t content = 0;  // in the file: the stored columns
  size_t end = 0;
};

struct TablePage {
  PageKind kind = PageKind::kOther;
  std::vector<TableCell> cells;  // of a leaf
  int64_t row = 0;               // whose overflow it is
};

// The pages of the table whose root is `root_page`, by page number (1 is the first).
std::map<uint32_t, TablePage> PagesOfTable(const std::string& file, uint32_t root_page);
uint32_t PageBytes(const std::string& file);

}  // namespace agentmemdb
