// SPDX-License-Identifier: Apache-2.0
// What came of logging in to a PKCS#11 token, as a number in our own protocols.
#pragma once
#include <cstdint>
#include <optional>

namespace coffer::format {

enum class HsmLoginOutcome : uint8_t {
  kLoggedIn = 0,
  kUnknownCluster = 1,  // none that an operator has configured
  kNoToken = 2,         // the module runs, the token is not there
  kNoModule = 3,        // the module cannot be loaded, or does not work
  kIncorrectPin = 4,    // it is not tried again
  kLockedPin = 5,
  kNoUser = 6,      // the token has no user PIN yet
  kNoAnswer = 7,    // within the time that it is given
  kUnfitToken = 8,  // it cannot make AES-256 keys or does not know AES-GCM
};

inline std::optional<HsmLoginOutcome> hsm_login_outcome(uint8_t number) {
  if (number > static_cast<uint8_t>(HsmLoginOutcome::kUnfitToken)) return std::nullopt;
  return static_cast<HsmLoginOutcome>(number);
}

}  // namespace coffer::format
