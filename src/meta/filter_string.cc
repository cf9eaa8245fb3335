#include "meta/filter_string.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "meta/filter_builder.h"
#include "meta/filter_tokens.h"

namespace agentmemdb {
namespace {

constexpr std::string_view kKeywords[] = {"AND",  "OR",     "NOT",    "IN",      "BETWEEN", "LIKE",  "IS",
                                          "NULL", "EXISTS", "STARTS", "MATCHES", "TRUE",    "FALSE", "CONTAINS"};

struct Comparison {
  std::string_view symbol;
  FieldOp op;
  bool negated;
};

constexpr Comparison kComparisons[] = {
    {"=", FieldOp::kEqual, false},           {"==", FieldOp::kEqual, false},  {"!=", FieldOp::kEqual, true},
    {"<>", FieldOp::kEqual, true},           {"<", FieldOp::kLess, false},    {"<=", FieldOp::kLessOrEqual, false},
    {">=", FieldOp::kGreaterOrEqual, false}, {">", FieldOp::kGreater, false},
};

bool EqualInAnyCase(std::string_view word, std::string_view upper) {
  return std::equal(word.begin(), word.end(), upper.begin(), upper.end(),
                    [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; });
}

bool IsWord(const FilterToken& token, std::string_view upper) {
  return token.kind == FilterTokenKind::kName && !token.quoted && EqualInAnyCase(token.text, upper);
}

bool IsKeyword(const FilterToken& token) {
  return std::any_of(std::begin(kKeywords), std::end(kKeywords), [&](auto each) { return IsWord(token, each); });
}

bool IsSymbol(const FilterToken& token, std::string_view symbol) {
  return token.kind == FilterTokenKind::kSymbol && token.raw == symbol;
}

std::string Shown(const FilterToken& token) {
  constexpr size_t kShownMax = 40;
  if (token.kind == FilterTokenKind::kEnd) return "the end";
  if (token.kind == FilterTokenKind::kText) return "a text";
  size_t end = std::min(token.raw.size(), kShownMax);
  while (end < token.raw.size() && (static_cast<unsigned char>(token.raw[end]) & 0xc0) == 0x80) --end;
  return std::string("'").append(token.raw.substr(0, end)).append(end < token.raw.size() ? "...'" : "'");
}

// Recursive descent, one token ahead. Depth is bounded by the limit on that of filters.
class FilterStringReader {
 public:
  FilterStringReader(std::string_view text, const std::string& argument) : tokens_(text, argument) {}

  Result<Filter> Read() {
    RETURN_IF_ERROR(Advance());
    Result<Filter> filter = ReadAny(0);
    if (!filter.ok() || token_.kind == FilterTokenKind::kEnd) return filter;
    return Expected("AND, OR or the end");
  }

 private:
  Result<Filter> ReadAny(int depth) {
    Filter any;
    any.kind = FilterKind::kOr;
    RETURN_IF_ERROR(ReadList("OR", &any.children, [&] { return ReadAll(depth); }));
    return any.children.size() == 1 ? std::move(any.children.front()) : std::move(any);
  }

  Result<Filter> ReadAll(int depth) {
    std::vector<Filter> all;
    RETURN_IF_ERROR(ReadList("AND", &all, [&] { return ReadPart(depth); }));
    return FilterBuilder::AllOf(std::move(all));
  }

  template <class ReadOne>
  Status ReadList(std::string_view word, std::vector<Filter>* list, const ReadOne& read_one) {
    for (;;) {
      Result<Filter> one = read_one();
      if (!one.ok()) return one.status();
      list->push_back(std::move(*one));
      if (!IsWord(token_, word)) return {};
      RETURN_IF_ERROR(Advance());
    }
  }

  Result<Filter> ReadPart(int depth) {
    const bool negates = IsWord(token_, "NOT");
    if (!negates && !IsSymbol(token_, "(")) return ReadTest();
    RETURN_IF_ERROR(FilterBuilder::CheckDepth(depth + 1, tokens_.At(token_)));
    RETURN_IF_ERROR(Advance());
    Result<Filter> inner = negates ? ReadPart(depth + 1) : ReadAny(depth + 1);
    if (!inner.ok()) return inner;
    if (negates) return FilterBuilder::NoneOf(std::move(*inner));
    RETURN_IF_ERROR(Take(")"));
    return inner;
  }

  Result<Filter> ReadTest() {
    if (IsWord(token_, "EXISTS")) {
      RETURN_IF_ERROR(Advance());
      const std::string at = tokens_.At(token_);
      Result<FieldPath> path = ReadPath();
      return path.ok() ? builder_.Exists(*path, at) : path.status();
    }
    Result<FieldPath> path = ReadPath();
    if (!path.ok()) return path.status();
    if (IsWord(token_, "IS")) return ReadIsNull(*path);
    for (const Comparison& comparison : kComparisons) {
      if (!IsSymbol(token_, comparison.symbol)) continue;
      RETURN_IF_ERROR(Advance());
      return NotIf(comparison.negated, ReadOperand(*path, comparison.op));
    }
    const bool negated = IsWord(token_, "NOT");
    if (negated) RETURN_IF_ERROR(Advance());
    return NotIf(negated, ReadPredicate(*path));
  }

  Result<Filter> ReadPredicate(const FieldPath& path) {
    for (const std::string_view word : {"IN", "BETWEEN", "LIKE", "CONTAINS", "STARTS", "MATCHES"}) {
      if (!IsWord(token_, word)) continue;
      RETURN_IF_ERROR(Advance());
      if (word == "IN") return ReadIn(path);
      if (word == "BETWEEN") return ReadBetween(path);
      if (word == "CONTAINS") return ReadOperand(path, FieldOp::kContains);
      if (word == "STARTS") {
        if (!IsWord(token_, "WITH")) return Expected("WITH");
        RETURN_IF_ERROR(Advance());
        return ReadOperand(path, FieldOp::kStartsWith);
      }
      return ReadPattern(path, word == "LIKE");
    }
    return Expected("an operator (= != < <= > >= IN BETWEEN LIKE IS CONTAINS STARTS MATCHES)");
  }

  Result<Filter> ReadIsNull(const FieldPath& path) {
    const std::string at = tokens_.At(token_);
    RETURN_IF_ERROR(Advance());
    const bool negated = IsWord(token_, "NOT");
    if (negated) RETURN_IF_ERROR(Advance());
    if (!IsWord(token_, "NULL")) return Expected(negated ? "NULL" : "NULL or NOT NULL");
    RETURN_IF_ERROR(Advance());
    return NotIf(negated, builder_.Test(path, FieldOp::kEqual, Value(), at));
  }

  Result<Filter> ReadOperand(const FieldPath& path, FieldOp op) {
    const std::string at = tokens_.At(token_);
    Result<Value> value = ReadValue();
    if (!value.ok()) return value.status();
    return builder_.Test(path, op, std::move(*value), at);
  }

  Result<Filter> ReadIn(const FieldPath& path) {
    const std::string at = tokens_.At(token_);
    RETURN_IF_ERROR(Take("("));
    ValueArray values;
    while (!IsSymbol(token_, ")")) {
      if (!values.empty()) RETURN_IF_ERROR(Take(","));
      Result<Value> value = ReadValue();
      if (!value.ok()) return value.status();
      values.push_back(std::move(*value));
    }
    RETURN_IF_ERROR(Advance());
    return builder_.In(path, std::move(values), at);
  }

  Result<Filter> ReadBetween(const FieldPath& path) {
    std::vector<Filter> bounds;
    for (const FieldOp op : {FieldOp::kGreaterOrEqual, FieldOp::kLessOrEqual}) {
      if (!bounds.empty()) {
        if (!IsWord(token_, "AND")) return Expected("AND");
        RETURN_IF_ERROR(Advance());
      }
      Result<Filter> bound = ReadOperand(path, op);
      if (!bound.ok()) return bound;
      bounds.push_back(std::move(*bound));
    }
    return FilterBuilder::AllOf(std::move(bounds));
  }

  Result<Filter> ReadPattern(const FieldPath& path, bool like) {
    if (token_.kind != FilterTokenKind::kText) return Expected("a text in single quotes");
    const std::string at = tokens_.At(token_), text = token_.text;
    RETURN_IF_ERROR(Advance());
    return like ? builder_.Like(path, text, at) : builder_.Regex(path, text, {}, at);
  }

  Result<FieldPath> ReadPath() {
    if (token_.kind != FilterTokenKind::kName) return Expected("a field");
    if (IsKeyword(token_)) return Expected("a field", "; put it in double quotes if that is one's name");
    Result<FieldPath> path = ParseFieldPath(token_.text, tokens_.At(token_));
    RETURN_IF_ERROR(Advance());
    return path;
  }

  Result<Value> ReadValue() {
    std::optional<Value> value;
    if (token_.kind == FilterTokenKind::kText) value = Value(token_.text);
    if (token_.kind == FilterTokenKind::kNumber) value = Value(token_.number);
    if (IsWord(token_, "TRUE") || IsWord(token_, "FALSE")) value = Value(IsWord(token_, "TRUE"));
    if (IsWord(token_, "NULL")) value = Value();
    if (!value) return Expected("a value", token_.quoted ? "; texts stand in single quotes" : "");
    RETURN_IF_ERROR(Advance());
    return std::move(*value);
  }

  static Result<Filter> NotIf(bool negated, Result<Filter> filter) {
    if (!filter.ok()) return filter;
    return FilterBuilder::NotIf(negated, std::move(*filter));
  }

  Status Take(std::string_view symbol) {
    if (!IsSymbol(token_, symbol)) return Expected(std::string("'").append(symbol).append("'"));
    return Advance();
  }

  Status Advance() {
    Result<FilterToken> next = tokens_.Next();
    if (next.ok()) token_ = std::move(*next);
    return next.status();
  }

  Status Expected(const std::string& what, const std::string& hint = "") const {
    return tokens_.Error(token_.position, "expected " + what + ", got " + Shown(token_) + hint);
  }

  FilterTokens tokens_;
  FilterToken token_;
  FilterBuilder builder_;
};

}  // namespace

Result<Filter> ParseFilterString(std::string_view text, const std::string& argument) {
  Result<Filter> filter = FilterStringReader(text, argument).Read();
  if (filter.ok()) return filter;
  // What the builder refuses is named by its position: the argument is the whole filter.
  return Status(filter.status()).WithArgument(argument);
}

}  // namespace agentmemdb
