// SPDX-License-Identifier: Apache-2.0
#include "api/admin_clock.h"

#include <cstdlib>

#include "api/admin_call.h"

namespace coffer::api {
namespace {

constexpr const char* kSetting = "clock_offset_microseconds";
constexpr int64_t kMostSeconds = 100ll * 365 * 24 * 3600;
constexpr auto kPatienceForKeys = std::chrono::seconds(60);

Result<int64_t> seconds_of(const AdminCall& call) {
  const auto found = call.request.find("seconds");
  if (found != call.request.end() && found->is_number_integer())
    if (const auto seconds = found->get<int64_t>(); seconds >= 0 && seconds <= kMostSeconds) return seconds;
  return fail(ErrorKind::kInvalidArgument, "a clock is advanced by 0 seconds to 100 years");
}

}  // namespace

Status restore_clock(AdvancedClock& clock, catalog::Catalog& catalog, bool development) {
  if (!development) return {};
  return catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(stored, transaction.setting(kSetting));
    if (stored) clock.set_offset(std::chrono::microseconds(std::atoll(stored->c_str())));
    return {};
  });
}

Result<std::string> clock_advance(AdminCall& call) {
  if (!call.installation.development || call.clock == nullptr)
    return fail(
        ErrorKind::kUnsupported,
        "the clock of a production installation is not advanced: make one for development, by `coffer "
        "up --development` in a new data folder",
        "UnsupportedOperation");
  COFFER_TRY(seconds, seconds_of(call));
  const auto offset = call.clock->clock.offset() + std::chrono::seconds(seconds);
  if (offset > std::chrono::seconds(kMostSeconds))
    return fail(ErrorKind::kInvalidArgument, "the clock would be more than 100 years ahead");
  COFFER_CHECK(call.installation.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.set_setting(kSetting, std::to_string(offset.count())));
    return transaction.append_trail(
        admin_event(call, "AdvanceClock", {{"seconds", seconds}}, nullptr, nullptr));
  }));
  call.clock->clock.set_offset(offset);
  COFFER_CHECK(call.clock->keys.settle(kPatienceForKeys));
  return success_line({{"now", iso8601(call.installation.clock.now())},
                       {"ahead_seconds", std::chrono::duration_cast<std::chrono::seconds>(offset).count()}});
}

}  // namespace coffer::api
