// The string form of a filter: the same tree as the JSON form makes (filter.h), with the same meaning.
//
//   filter    := all (OR all)*          all := part (AND part)*         part := NOT part | ( filter ) | test
//   test      := path comparison value | path IS [NOT] NULL | EXISTS path | path [NOT] list
//   list      := IN ( value, ... ) | BETWEEN value AND value | LIKE text | CONTAINS value | STARTS WITH text | MATCHES text
//   comparison := = | == | != | <> | < | <= | > | >=
//   value     := 'text, where '' is one quote' | number | TRUE | FALSE | NULL
//   path      := name.name.0, each a word or in "..." or `...`, where a double quote is one; system fields begin with $
//
// Words that mean something are so in any case; to name a field like one of them, quote it.
#pragma once

#include <string>
#include <string_view>

#include "meta/filter.h"

namespace agentmemdb {

// `text` is well-formed UTF-8 of at most kFilterBytesMax. The limits are those of the JSON form, where parentheses and NOT count
// as depth. Errors: kInvalidArgument, "filter: position 17: expected a value, got 'AND'": the index, in UTF-16 units as JavaScript
// counts, of what is wrong. Cost: linear.
Result<Filter> ParseFilterString(std::string_view text, const std::string& argument = "filter");

}  // namespace agentmemdb
