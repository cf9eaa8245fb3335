#include "engine/time_text.h"

#include <array>

namespace agentmemdb {
namespace {

constexpr TimeMs kMinuteMs = 60'000, kDayMs = 24 * 60 * kMinuteMs;

// Days since 1970-01-01 in the Gregorian calendar: years begin in March, so that the leap day ends one.
int64_t DaysOf(int64_t year, int64_t month, int64_t day) {
  if (month <= 2) --year;
  const int64_t era = (year >= 0 ? year : year - 399) / 400, year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

int64_t DaysIn(int64_t year, int64_t month) {
  constexpr std::array<int64_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[static_cast<size_t>(month - 1)];
}

class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  std::optional<TimeMs> Read() {
    int64_t year, month, day;
    if (!Number(4, 0, 9999, &year) || !Sign('-') || !Number(2, 1, 12, &month) || !Sign('-') ||
        !Number(2, 1, DaysIn(year, month), &day))
      return std::nullopt;
    TimeMs time = DaysOf(year, month, day) * kDayMs;
    if (rest_.empty()) return time;
    int64_t hour, minute, second;
    if (!(Sign('T') || Sign('t') || Sign(' ')) || !Number(2, 0, 23, &hour) || !Sign(':') ||
        !Number(2, 0, 59, &minute) || !Sign(':') || !Number(2, 0, 60, &second))
      return std::nullopt;
    time += (hour * 60 + minute) * kMinuteMs + second * 1000;
    if (Sign('.')) time += Milliseconds();
    return WithOffset(time);
  }

 private:
  bool Sign(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool Number(size_t digits, int64_t least, int64_t most, int64_t* number) {
    if (rest_.size() < digits) return false;
    *number = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return false;
      *number = *number * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return *number >= least && *number <= most;
  }

  TimeMs Milliseconds() {
    TimeMs ms = 0;
    for (TimeMs unit = 100; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; unit /= 10) {
      ms += (rest_.front() - '0') * unit;
      rest_.remove_prefix(1);
    }
    return ms;
  }

  std::optional<TimeMs> WithOffset(TimeMs time) {
    if ((Sign('Z') || Sign('z')) && rest_.empty()) return time;
    const bool east = Sign('+');
    int64_t hours, minutes;
    if ((!east && !Sign('-')) || !Number(2, 0, 23, &hours) || !Sign(':') || !Number(2, 0, 59, &minutes) ||
        !rest_.empty())
      return std::nullopt;
    const TimeMs offset = (hours * 60 + minutes) * kMinuteMs;
    return east ? time - offset : time + offset;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<TimeMs> ParseTime(std::string_view text) { return TimeReader(text).Read(); }

}  // namespace agentmemdb
