// UTF-8 and JSON text, as far as every room needs them.
#pragma once

#include <string>
#include <string_view>

namespace agentmemdb {

// Well-formed by table 3-7 of the Unicode standard: no overlong forms, no surrogates, at most U+10FFFF.
bool IsUtf8(std::string_view bytes);
bool IsAscii(std::string_view bytes);

// Appends `text` (well-formed UTF-8) as a JSON string with its quotes (RFC 8259).
void AppendJsonString(std::string* json, std::string_view text);
// Appends the shortest decimal that reads back as `number`; it must be finite.
void AppendJsonNumber(std::string* json, double number);
void AppendJsonNumber(std::string* json, float number);

// Deepest nesting of arrays and objects in JSON text, counted without parsing it; 0 for a scalar.
int JsonDepth(std::string_view json);

}  // namespace agentmemdb
