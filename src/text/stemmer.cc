#include "text/stemmer.h"

#include <libstemmer.h>

#include <algorithm>
#include <new>

namespace agentmemdb {

const std::vector<std::string>& StemmerLanguages() {
  static const auto* const languages = [] {
    auto* names = new std::vector<std::string>{"none"};
    for (const char** name = sb_stemmer_list(); *name != nullptr; ++name) names->emplace_back(*name);
    std::sort(names->begin(), names->end());
    return names;
  }();
  return *languages;
}

Stemmer::Stemmer(const std::string& language) {
  if (language == "none") return;
  stemmer_.reset(sb_stemmer_new(language.c_str(), nullptr));  // nullptr: UTF-8
  if (stemmer_ == nullptr) throw std::bad_alloc();
}

std::string_view Stemmer::Stem(std::string_view word) {
  if (stemmer_ == nullptr) return word;
  const sb_symbol* stem =
      sb_stemmer_stem(stemmer_.get(), reinterpret_cast<const sb_symbol*>(word.data()), static_cast<int>(word.size()));
  if (stem == nullptr) throw std::bad_alloc();
  return {reinterpret_cast<const char*>(stem), static_cast<size_t>(sb_stemmer_length(stemmer_.get()))};
}

void Stemmer::Delete::operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }

}  // namespace agentmemdb
