// A second door to a database file: plain SQL on a connection of its own, to look at what is stored and to damage it.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace agentmemdb {

class SqliteFile {
 public:
  explicit SqliteFile(const std::string& path) {
    if (sqlite3_open(path.c_str(), &handle_) != SQLITE_OK) throw std::runtime_error("cannot open " + path);
    sqlite3_busy_timeout(handle_, 5000);
  }
  ~SqliteFile() { sqlite3_close(handle_); }
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;

  void Run(const std::string& sql) {
    char* error = nullptr;
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, &error) != SQLITE_OK)
      throw std::runtime_error(sql + ": " + error);
  }
  // The first column of the first row, as text; "" for NULL.
  std::string Ask(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
      throw std::runtime_error(sql + ": " + sqlite3_errmsg(handle_));
    const unsigned char* text = sqlite3_column_text(statement, 0);
    const std::string answer = text == nullptr ? "" : reinterpret_cast<const char*>(text);
    sqlite3_finalize(statement);
    return answer;
  }
  int64_t AskInteger(const std::string& sql) { return std::stoll(Ask(sql)); }

 private:
  sqlite3* handle_ = nullptr;
};

}  // namespace agentmemdb
