// SPDX-License-Identifier: Apache-2.0
#include "services/mfa_codes.h"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/one_time_code.h"

namespace coffer::services {
namespace {

using catalog::MfaDevice;
using catalog::Transaction;

constexpr int64_t kShortestWait = 60, kLongestWait = 3600;  // seconds

tl::unexpected<Error> denied(std::string message) {
  return fail(ErrorKind::kPermissionDenied, std::move(message), "AccessDenied");
}
tl::unexpected<Error> wrong_code() {
  return denied("MultiFactorAuthentication failed with invalid MFA one time pass code.");
}

// On the wall: an authenticator knows no other time.
int64_t step_now(const Installation& installation) {
  return crypto::one_time_code_step(installation.clock.wall_now());
}

void hear(MfaDevice& device, int64_t step, int64_t now) {
  device.last_step = step;
  device.drift_steps = std::clamp(step - now, -kResyncWindow, kResyncWindow);
  device.failures = 0;
  device.last_failure.reset();
}

Status check_hears(const MfaDevice& device, Timestamp now) {
  if (!device.last_failure) return {};
  const int64_t since = (now.microseconds - device.last_failure->microseconds) / 1'000'000;
  const int64_t wait = seconds_deaf(device.failures) - since;
  if (wait <= 0) return {};
  return denied(fmt::format(
      "MultiFactorAuthentication failed: after {} wrong codes the device is not heard for {} seconds.",
      device.failures, wait));
}

Result<MfaDevice> device_of(Transaction& transaction, const std::string& user_id,
                            const std::string& serial_number) {
  COFFER_TRY(device, transaction.mfa_device(serial_number));
  if (!device || user_id.empty() || device->user_id != user_id)
    return denied(
        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial "
        "number "
        "is valid and associated with this user.");
  return std::move(*device);
}

// Counts the try as a wrong one before it is looked at, so that no number of tries at once goes uncounted.
Result<MfaDevice> begin_try(Installation& installation, const std::string& user_id,
                            const std::string& serial_number) {
  const Timestamp now = installation.clock.wall_now();
  MfaDevice found;
  COFFER_CHECK(installation.catalog.write([&](Transaction& transaction) -> Status {
    COFFER_TRY(device, device_of(transaction, user_id, serial_number));
    COFFER_CHECK(check_hears(device, now));
    ++device.failures;
    device.last_failure = now;
    found = device;
    return transaction.note_mfa_code(device);
  }));
  return found;
}

void take_back_try(MfaDevice& device) {
  device.failures = std::max<int64_t>(device.failures - 1, 0);
}

// Nobody could tell whether the code was right.
void end_untold_try(Installation& installation, const std::string& user_id,
                    const std::string& serial_number) {
  (void)installation.catalog.write([&](Transaction& transaction) -> Status {
    COFFER_TRY(device, device_of(transaction, user_id, serial_number));
    take_back_try(device);
    return transaction.note_mfa_code(device);
  });
}

// A code that was used is none, but no guess either: it does not count.
Status end_try(Installation& installation, const std::string& user_id, const std::string& serial_number,
               int64_t step, int64_t now) {
  bool used = false;
  COFFER_CHECK(installation.catalog.write([&](Transaction& transaction) -> Status {
    COFFER_TRY(device, device_of(transaction, user_id, serial_number));
    used = step <= device.last_step;
    if (used)
      take_back_try(device);
    else
      hear(device, step, now);
    return transaction.note_mfa_code(device);
  }));
  if (used) return wrong_code();
  return {};
}

}  // namespace

int64_t seconds_deaf(int64_t failures) {
  if (failures < kFreeFailures) return 0;
  const int64_t doublings = std::min<int64_t>(failures - kFreeFailures, 6);
  return std::min(kShortestWait << doublings, kLongestWait);
}

Result<std::optional<MfaDevice>> heard_both(Installation& installation, MfaDevice device,
                                            const std::string& first, const std::string& second) {
  const int64_t now = step_now(installation);
  // A code that was used is not heard again, in whatever pair.
  const int64_t from = std::max(now - kResyncWindow, device.last_step + 1), to = now + kResyncWindow - 1;
  if (from > to) return std::optional<MfaDevice>();
  COFFER_TRY(step, installation.keyd.verify_mfa_codes(device.serial_number, device.wrapped_secret,
                                                      {from, static_cast<uint32_t>(to - from + 1)},
                                                      {first, second}));
  if (!step) return std::optional<MfaDevice>();
  hear(device, *step + 1, now);
  return std::optional(std::move(device));
}

Status use_code(Installation& installation, const std::string& user_id, const std::string& serial_number,
                const std::string& code) {
  COFFER_TRY(device, begin_try(installation, user_id, serial_number));
  const int64_t now = step_now(installation);
  const keyclient::KeydClient::StepWindow window{now + device.drift_steps - kCodeWindow, 2 * kCodeWindow + 1};
  const auto step = installation.keyd.verify_mfa_codes(serial_number, device.wrapped_secret, window, {code});
  if (!step) {
    end_untold_try(installation, user_id, serial_number);
    return tl::unexpected(step.error());
  }
  if (!*step) return wrong_code();
  return end_try(installation, user_id, serial_number, **step, now);
}

}  // namespace coffer::services
