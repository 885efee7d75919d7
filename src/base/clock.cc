// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <fmt/format.h>

#include <chrono>
#include <ctime>

namespace coffer {
namespace {

class SystemClock final : public Clock {
 public:
  Timestamp now() const override {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
  }
};

std::string format_utc(Timestamp time, const char* pattern) {
  time_t seconds = time.microseconds / 1000000;
  if (time.microseconds % 1000000 < 0) --seconds;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  return std::string(text, strftime(text, sizeof text, pattern, &parts));
}

}  // namespace

std::string iso8601(Timestamp time) {
  return format_utc(time, "%Y-%m-%dT%H:%M:%SZ");
}
std::string basic_iso8601(Timestamp time) {
  return format_utc(time, "%Y%m%dT%H%M%SZ");
}

std::string iso8601_millis(Timestamp time) {
  const int64_t millis = ((time.microseconds / 1000) % 1000 + 1000) % 1000;
  return format_utc(time, "%Y-%m-%dT%H:%M:%S") + fmt::format(".{:03}Z", millis);
}

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace coffer
