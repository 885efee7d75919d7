// SPDX-License-Identifier: Apache-2.0
// What our wrapped formats have in common: every message has a key of its own, derived from a long-lived key
// and a random 128-bit salt, and is sealed with AES-256-GCM under a random 96-bit IV.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace coffer::format {

inline constexpr size_t kTagSize = 16;

struct MessageKeyInputs {
  std::array<uint8_t, 16> salt{};
  std::array<uint8_t, 12> iv{};
  bool operator==(const MessageKeyInputs&) const = default;
};

class Writer;
class Reader;
void write(Writer& writer, const MessageKeyInputs& inputs);
MessageKeyInputs read_message_key_inputs(Reader& reader);

}  // namespace coffer::format
