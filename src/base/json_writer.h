// Writes one JSON object member by member.
#pragma once

#include <string>
#include <string_view>

#include "base/text.h"

namespace agentmemdb {

// Appends "key":value pairs. Keys are ours and need no escapes; so are members written through Key().
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string* json) : json_(json) { json_->push_back('{'); }
  void Close() { json_->push_back('}'); }

  // Where the value of the next member goes.
  std::string* Key(const char* key) {
    Separate();
    json_->push_back('"');
    json_->append(key);
    json_->append("\":");
    return json_;
  }
  // The same, of a name that is anybody's.
  std::string* Member(std::string_view name) {
    Separate();
    AppendJsonString(json_, name);
    json_->push_back(':');
    return json_;
  }
  void Text(const char* key, std::string_view text) { AppendJsonString(Key(key), text); }
  void Integer(const char* key, int64_t number) { Key(key)->append(std::to_string(number)); }
  template <class Real>
  void Number(const char* key, Real number) {
    AppendJsonNumber(Key(key), number);
  }

 private:
  void Separate() {
    if (!first_) json_->push_back(',');
    first_ = false;
  }

  std::string* json_;
  bool first_ = true;
};

}  // namespace agentmemdb
