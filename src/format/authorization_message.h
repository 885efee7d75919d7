// SPDX-License-Identifier: Apache-2.0
// The envelope of an encoded authorization failure message (docs/format/authorization-message.md). What is in
// it is sealed and opened by services/authorization_message.h. Pure.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace coffer::format {

struct AuthorizationMessage {
  std::array<uint8_t, 16> salt{};
  std::array<uint8_t, 12> iv{};
  Bytes sealed;  // with its tag
};

// Base64 with - and _, without padding: as it stands in an error's text it is one word.
std::string encode(const AuthorizationMessage& message);
std::optional<AuthorizationMessage> parse_authorization_message(std::string_view text);

}  // namespace coffer::format
