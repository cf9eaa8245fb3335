// Word stems by Snowball's algorithms: the one door to libstemmer.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct sb_stemmer;

namespace agentmemdb {

// "arabic", "armenian", ..., "yiddish": the languages that have an algorithm, and "none", in which words are their own stems.
const std::vector<std::string>& StemmerLanguages();

// Threads: one at a time.
class Stemmer {
 public:
  // `language` must be one of StemmerLanguages(). Throws std::bad_alloc.
  explicit Stemmer(const std::string& language);
  // Good until the next call. `word` in lower case.
  std::string_view Stem(std::string_view word);

 private:
  struct Delete {
    void operator()(sb_stemmer* stemmer) const;
  };
  std::unique_ptr<sb_stemmer, Delete> stemmer_;  // nullptr: "none"
};

}  // namespace agentmemdb
