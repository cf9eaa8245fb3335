// A text to import from anywhere, after a byte: its lowest bit says which format, the others how long the pieces are that it comes in.
// However it is cut, the same records come of it, and it ends the same.
#include "engine/importer.h"
#include "fuzz/fuzz.h"

namespace agentmemdb {
namespace {

// Everything that was given out, as text, and what came last.
std::string Import(std::string_view text, size_t piece_bytes, bool episodes) {
  const std::unique_ptr<Importer> importer = episodes ? MakeEpisodeImporter(0) : MakeJsonlImporter(0);
  std::string given;
  for (size_t at = 0; at <= text.size(); at += piece_bytes) {
    if (at < text.size()) importer->Feed(std::string(text.substr(at, piece_bytes)));
    if (at + piece_bytes > text.size()) importer->End();
    for (bool more = true; more;) {
      Result<ImportPart> part = importer->Read({});
      if (!part.ok()) {
        EXPECT_THAT(part.status().code() == Code::kCorrupt || part.status().code() == Code::kUnsupported);
        EXPECT_THAT(importer->Read({}).status().code() == part.status().code());
        return given + CodeName(part.status().code()) + part.status().message();
      }
      if (part->collection) given += "c:" + part->collection->name + part->collection->options + "\n";
      for (const RecordInput& record : part->batch.records) {
        given +=
            "r:" + (record.new_id ? "new" : record.id) + record.text.value_or("") + record.metadata.value_or("") + "\n";
        for (const float number : record.vector) given += std::to_string(number) + ",";
      }
      more = part->more;
    }
  }
  return given;
}

}  // namespace

void RunOne(std::string_view input) {
  if (input.empty()) return;
  const auto mark = static_cast<unsigned char>(input[0]);
  input.remove_prefix(1);
  const bool episodes = mark % 2 != 0;
  const std::string whole = Import(input, input.size() + 1, episodes);
  EXPECT_THAT(Import(input, 1 + mark / 2, episodes) == whole);
}

}  // namespace agentmemdb
