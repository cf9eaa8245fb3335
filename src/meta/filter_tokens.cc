#include "meta/filter_tokens.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "meta/value.h"

namespace agentmemdb {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool BeginsName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsInName(char c) { return BeginsName(c) || IsDigit(c) || c == '-'; }
bool BeginsQuotedName(char c) { return c == '"' || c == '`'; }

}  // namespace

Status FilterTokens::Error(size_t position, const std::string& what) const {
  return Status(Code::kInvalidArgument, argument_ + ": position " + std::to_string(position) + ": " + what)
      .WithArgument(argument_);
}

std::string FilterTokens::At(const FilterToken& token) const {
  return argument_ + ": position " + std::to_string(token.position) + ":";
}

Result<FilterToken> FilterTokens::Next() {
  while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  for (; counted_ < at_; ++counted_) {
    const auto byte = static_cast<unsigned char>(text_[counted_]);
    position_ += (byte & 0xc0) == 0x80 ? 0 : byte >= 0xf0 ? 2 : 1;
  }
  FilterToken token;
  token.position = position_;
  if (at_ == text_.size()) return token;
  const size_t start = at_;
  const char c = text_[at_];
  if (BeginsName(c) || BeginsQuotedName(c)) {
    RETURN_IF_ERROR(ReadName(&token));
  } else if (c == '\'') {
    token.kind = FilterTokenKind::kText;
    RETURN_IF_ERROR(ReadQuoted(c, &token));
  } else if (IsDigit(c) || (c == '-' && IsDigit(Peek(1)))) {
    RETURN_IF_ERROR(ReadNumber(&token));
  } else {
    ReadSymbol(&token);
  }
  token.raw = text_.substr(start, at_ - start);
  return token;
}

Status FilterTokens::ReadName(FilterToken* token) {
  token->kind = FilterTokenKind::kName;
  for (;;) {
    if (BeginsQuotedName(Peek())) {
      token->quoted = true;
      RETURN_IF_ERROR(ReadQuoted(Peek(), token));
    } else {
      if (!IsInName(Peek())) return Error(token->position, "a path ends with a dot");
      while (IsInName(Peek())) token->text.push_back(text_[at_++]);
    }
    if (Peek() != '.') return {};
    token->text.push_back(text_[at_++]);
  }
}

// A quote that stands twice is one.
Status FilterTokens::ReadQuoted(char quote, FilterToken* token) {
  for (++at_; at_ < text_.size(); ++at_) {
    if (text_[at_] == quote && Peek(1) != quote) {
      ++at_;
      return {};
    }
    if (text_[at_] == quote) ++at_;
    token->text.push_back(text_[at_]);
  }
  return Error(token->position, std::string("there is no ") + quote + " at the end of what begins here");
}

Status FilterTokens::ReadNumber(FilterToken* token) {
  constexpr double kIntegerMax = 9007199254740992;  // What a JavaScript number holds exactly.
  token->kind = FilterTokenKind::kNumber;
  const size_t start = at_++;
  const auto goes_on = [this](char c) {
    return IsInName(c) || c == '.' || (c == '+' && (text_[at_ - 1] | 0x20) == 'e');
  };
  while (at_ < text_.size() && goes_on(text_[at_])) ++at_;
  const std::string_view raw = text_.substr(start, at_ - start);
  const std::optional<Value> value = ParseValue(raw, 1);
  if (!value) return Error(token->position, std::string("'").append(raw.substr(0, 40)).append("' is no number"));
  token->number = value->number();
  if (raw.find_first_of(".eE") == std::string_view::npos && std::abs(token->number) > kIntegerMax)
    return Error(token->position, "must be an integer within 2^53; compare with a string");
  return {};
}

void FilterTokens::ReadSymbol(FilterToken* token) {
  token->kind = FilterTokenKind::kSymbol;
  constexpr std::string_view kPairs[] = {"==", "!=", "<>", "<=", ">="};
  const std::string_view two = text_.substr(at_, 2);
  at_ += std::find(std::begin(kPairs), std::end(kPairs), two) != std::end(kPairs) ? 2 : 1;
}

}  // namespace agentmemdb
