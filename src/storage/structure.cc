// What verify() asks of the file beside its records.
#include <sqlite3.h>

#include "storage/store.h"

namespace agentmemdb {

Result<std::map<int64_t, int64_t>> ReadTransaction::CountRecords() {
  static constexpr char kSql[] = "SELECT collection, count(*) FROM records INDEXED BY records_id GROUP BY collection";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  Resetting resetting(&statement);
  std::map<int64_t, int64_t> counts;
  for (;;) {
    const int result = statement.Step();
    if (result == SQLITE_DONE) return counts;
    if (result != SQLITE_ROW) return connection_->Error(result, "count the records of");
    counts[statement.Integer(0).value_or(0)] = statement.Integer(1).value_or(0);
  }
}

Status ReadTransaction::CheckStructure(const CancelToken& cancel, const std::function<void(std::string_view)>& visit) {
  static constexpr char kSql[] = "PRAGMA integrity_check(100)";
  Result<Statement*> prepared = connection_->Prepared(kSql);
  if (!prepared.ok()) return prepared.status();
  Statement& statement = **prepared;
  Resetting resetting(&statement);
  const InterruptedBy interrupted(connection_, cancel);
  int result;
  while ((result = statement.Step()) == SQLITE_ROW) {
    if (const auto finding = statement.Text(0); finding && *finding != "ok") visit(*finding);
  }
  if (result == SQLITE_DONE) return {};
  RETURN_IF_ERROR(cancel.Check());
  Status status = connection_->Error(result, "check");
  if (status.code() != Code::kCorrupt) return status;
  visit(status.message());
  return {};
}

}  // namespace agentmemdb
