#include <dlfcn.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#else
#include <link.h>
#endif

#include <cstdint>

#include "base/modules.h"

namespace agentmemdb {
namespace {

std::string NameIn(const std::string& place) { return place.substr(place.rfind('/') + 1); }

// Of an address in this library; of the library itself when it is unknown.
std::string ModuleAt(const void* address, const void** begin) {
  Dl_info info{};
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return {};
  *begin = info.dli_fbase;
  return info.dli_fname;
}

#ifdef __APPLE__

std::vector<std::string> Loaded(const void* without) {
  std::vector<std::string> places;
  for (uint32_t i = 0; i < _dyld_image_count(); ++i) {
    const char* place = _dyld_get_image_name(i);
    if (place != nullptr && _dyld_get_image_header(i) != without) places.emplace_back(place);
  }
  return places;
}

#else

std::vector<std::string> Loaded(const void* without) {
  struct Visit {
    const void* without;
    std::vector<std::string> places;
  } visit{without, {}};
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        auto* const to = static_cast<Visit*>(data);
        const auto begin = static_cast<uintptr_t>(info->dlpi_addr);
        if (info->dlpi_name != nullptr && begin != reinterpret_cast<uintptr_t>(to->without))
          to->places.emplace_back(info->dlpi_name);
        return 0;
      },
      &visit);
  return visit.places;
}

#endif

}  // namespace

std::string OwnModule() {
  const void* begin = nullptr;
  return ModuleAt(reinterpret_cast<const void*>(&OwnModule), &begin);
}

std::vector<std::string> OtherCopies() {
  const void* begin = nullptr;
  const std::string own = NameIn(ModuleAt(reinterpret_cast<const void*>(&OwnModule), &begin));
  std::vector<std::string> copies;
  for (const std::string& place : Loaded(begin)) {
    const std::string name = NameIn(place);
    if (!name.empty() && (name == own || name.find("agentmemdb") != std::string::npos)) copies.push_back(place);
  }
  return copies;
}

}  // namespace agentmemdb
