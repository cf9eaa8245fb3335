// Search queries: the largest of the objects that callers pass.
#include <limits>

#include "binding/args.h"

namespace agentmemdb::binding {
namespace {

// What is left out and has no default is refused as no number.
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

std::optional<RankOptions> ReadRank(Fields* query) {
  if (!query->Has("rank")) return std::nullopt;
  Fields fields = query->Object("rank", {"similarity", "recency", "fields", "usage", "now"});
  RankOptions rank;
  rank.similarity = fields.Number("similarity").value_or(rank.similarity);
  if (fields.Has("recency")) {
    Fields given = fields.Object("recency", {"weight", "halfLifeMs", "field", "decay"});
    RankOptions::Recency recency;
    recency.weight = given.Number("weight").value_or(kMissing);
    recency.half_life_ms = given.Number("halfLifeMs").value_or(0);
    recency.field = given.String("field").value_or(recency.field);
    recency.decay =
        given.Named("decay", DecayFromName, "'exponential', 'linear' or 'gaussian'").value_or(recency.decay);
    rank.recency = recency;
  }
  rank.fields = fields.Numbers("fields");
  if (fields.Has("usage")) {
    Fields given = fields.Object("usage", {"weight", "field"});
    rank.usage = {given.Number("weight").value_or(kMissing), given.String("field").value_or("")};
  }
  rank.now = fields.Whole("now");
  return rank;
}

// What would be ignored.
std::optional<Status> UnusedOption(const Fields& fields, const SearchQuery& query) {
  const bool words = query.text.has_value(), vector = !query.vector.empty();
  const struct {
    const char* option;
    bool is_used;
    const char* needs;
  } table[] = {
      {"typos", words, "needs a text"},
      {"prefix", words, "needs a text"},
      {"highlight", words, "needs a text"},
      {"ef", vector, "needs a vector"},
      {"exact", vector, "needs a vector"},
      {"fusion", query.hybrid(), "needs a text and a vector"},
      {"alpha", query.hybrid(), "needs a text and a vector"},
  };
  for (const auto& row : table) {
    if (!row.is_used && fields.Has(row.option))
      return Status::InvalidArgument(std::string("query.") + row.option, row.needs);
  }
  return std::nullopt;
}

}  // namespace

SearchQuery Args::Query(size_t index) {
  Fields fields(this, At(index), "query",
                {"vector", "text", "k", "ef", "exact", "include", "explain", "typos", "prefix", "highlight", "fusion",
                 "alpha", "rank", "minScore", "mmr", "autocut", "groupBy"});
  SearchQuery query;
  query.vector = fields.Vector("vector").value_or(query.vector);
  query.text = fields.String("text");
  query.k = fields.Integer("k").value_or(query.k);
  query.ef = fields.Integer("ef").value_or(query.ef);
  query.exact = fields.Boolean("exact").value_or(false);
  query.explain = fields.Boolean("explain").value_or(false);
  query.include = fields.IncludeFields("include").value_or(query.include);
  query.keywords.typos = fields.Boolean("typos").value_or(query.keywords.typos);
  query.keywords.prefix = fields.Boolean("prefix").value_or(query.keywords.prefix);
  query.highlight = fields.Boolean("highlight").value_or(false);
  query.fusion = fields.Named("fusion", FusionFromName, "'weighted', 'rrf', 'minmax' or 'dbsf'").value_or(query.fusion);
  query.alpha = fields.Number("alpha");
  query.rank = ReadRank(&fields);
  query.min_score = fields.Number("minScore");
  if (fields.Has("mmr")) query.mmr_lambda = fields.Object("mmr", {"lambda"}).Number("lambda").value_or(0.5);
  query.autocut = fields.Integer("autocut");
  if (fields.Has("groupBy")) {
    Fields group = fields.Object("groupBy", {"field", "size"});
    query.group_by = {group.String("field").value_or(""), group.Integer("size").value_or(1)};
  }
  if (const std::optional<Status> unused = UnusedOption(fields, query)) Refuse(*unused);
  return query;
}

}  // namespace agentmemdb::binding
