// The words of a filter in its string form (filter_string.h).
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace agentmemdb {

enum class FilterTokenKind : uint8_t { kEnd, kName, kText, kNumber, kSymbol };

struct FilterToken {
  FilterTokenKind kind = FilterTokenKind::kEnd;
  std::string_view raw;
  std::string text;     // kName: the dotted path; kText: what stands between the quotes
  double number = 0;    // kNumber
  bool quoted = false;  // kName: in part, so that it is no keyword
  size_t position = 0;  // in UTF-16 units
};

// Takes a text apart. Must not outlive it.
class FilterTokens {
 public:
  FilterTokens(std::string_view text, const std::string& argument) : text_(text), argument_(argument) {}

  // Errors: kInvalidArgument, of what is no token.
  Result<FilterToken> Next();
  Status Error(size_t position, const std::string& what) const;
  // What a message calls the place.
  std::string At(const FilterToken& token) const;

 private:
  char Peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  Status ReadName(FilterToken* token);
  Status ReadQuoted(char quote, FilterToken* token);
  Status ReadNumber(FilterToken* token);
  void ReadSymbol(FilterToken* token);

  std::string_view text_;
  const std::string& argument_;
  size_t at_ = 0;
  size_t counted_ = 0, position_ = 0;  // bytes of which the position is known
};

}  // namespace agentmemdb
