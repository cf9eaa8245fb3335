#include "support/btree_pages.h"

#include <stdexcept>

namespace agentmemdb {
namespace {

constexpr uint8_t kInteriorTable = 0x05, kLeafTable = 0x0d;

class Walker {
 public:
  explicit Walker(const std::string& file) : file_(file), page_bytes_(PageBytes(file)) {}

  void Walk(uint32_t page) {
    const size_t start = StartOf(page), header = start + (page == 1 ? 100 : 0);
    const uint8_t type = Byte(header);
    const uint32_t cells = Number(header + 3, 2);
    if (type == kInteriorTable) {
      pages_[page].kind = PageKind::kInterior;
      for (uint32_t i = 0; i < cells; ++i) Walk(Number(start + Number(header + 12 + 2 * i, 2), 4));
      Walk(Number(header + 8, 4));
    } else if (type == kLeafTable) {
      pages_[page].kind = PageKind::kLeaf;
      for (uint32_t i = 0; i < cells; ++i) AddCell(page, start + Number(header + 8 + 2 * i, 2));
    } else {
      throw std::runtime_error("page " + std::to_string(page) + " is no page of a table");
    }
  }
  std::map<uint32_t, TablePage> pages() { return std::move(pages_); }

 private:
  size_t StartOf(uint32_t page) const { return static_cast<size_t>(page - 1) * page_bytes_; }
  uint8_t Byte(size_t at) const { return static_cast<uint8_t>(file_.at(at)); }
  // Big-endian.
  uint32_t Number(size_t at, int bytes) const {
    uint32_t number = 0;
    for (int i = 0; i < bytes; ++i) number = number << 8 | Byte(at + static_cast<size_t>(i));
    return number;
  }
  int64_t Varint(size_t* at) const {
    int64_t number = 0;
    for (int i = 0; i < 8; ++i) {
      const uint8_t byte = Byte((*at)++);
      number = number << 7 | (byte & 0x7f);
      if (byte < 0x80) return number;
    }
    return number << 8 | Byte((*at)++);
  }

  void AddCell(uint32_t page, size_t begin) {
    TableCell cell;
    cell.begin = begin;
    size_t at = begin;
    const int64_t payload = Varint(&at);
    cell.row = Varint(&at);
    cell.content = at;
    const int64_t usable = page_bytes_, most = usable - 35, least = (usable - 12) * 32 / 255 - 23;
    int64_t local = payload;
    if (payload > most) {
      local = least + (payload - least) % (usable - 4);
      if (local > most) local = least;
    }
    cell.end = at + static_cast<size_t>(local);
    if (local < payload) {
      for (uint32_t next = Number(cell.end, 4); next != 0; next = Number(StartOf(next), 4))
        pages_[next] = {PageKind::kOverflow, {}, cell.row};
      cell.end += 4;
    }
    pages_[page].cells.push_back(cell);
  }

  const std::string& file_;
  uint32_t page_bytes_;
  std::map<uint32_t, TablePage> pages_;
};

}  // namespace

uint32_t PageBytes(const std::string& file) {
  const auto high = static_cast<uint8_t>(file.at(16)), low = static_cast<uint8_t>(file.at(17));
  return high == 0 && low == 1 ? 65536 : static_cast<uint32_t>(high) << 8 | low;
}

std::map<uint32_t, TablePage> PagesOfTable(const std::string& file, uint32_t root_page) {
  Walker walker(file);
  walker.Walk(root_page);
  return walker.pages();
}

}  // namespace agentmemdb
