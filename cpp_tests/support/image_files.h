// The files of the index images of a database.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace agentmemdb {

// Paths of those with that ending: ".image" or ".f32".
inline std::vector<std::string> ImageFiles(const std::string& database, const std::string& ending) {
  std::vector<std::string> files;
  if (!std::filesystem::is_directory(database + "-index")) return files;
  for (const auto& entry : std::filesystem::directory_iterator(database + "-index")) {
    if (entry.path().extension() == ending) files.push_back(entry.path().string());
  }
  return files;
}

// The only one.
inline std::string ImageFile(const std::string& database, const std::string& ending) {
  const std::vector<std::string> files = ImageFiles(database, ending);
  if (files.size() != 1) throw std::runtime_error(std::to_string(files.size()) + " files " + ending);
  return files.front();
}

}  // namespace agentmemdb
