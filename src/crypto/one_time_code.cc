// SPDX-License-Identifier: Apache-2.0
#include "crypto/one_time_code.h"

#include <array>

#include "crypto/hmac.h"

namespace coffer::crypto {

int64_t one_time_code_step(Timestamp time) {
  return time.microseconds / 1'000'000 / kOneTimeCodeSeconds;
}

// RFC 4226 section 5.3: four bytes of the MAC, from where its last half-byte says, without their sign.
std::string one_time_code(const secret::SecretBytes& seed, int64_t step) {
  std::array<uint8_t, 8> counter{};
  for (size_t i = 0; i < counter.size(); ++i)
    counter.at(i) = static_cast<uint8_t>(static_cast<uint64_t>(step) >> (56 - 8 * i));
  const Bytes mac = hmac(Hash::kSha1, seed, counter);
  const size_t offset = mac.back() & 0x0f;
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = (number << 8) | mac.at(offset + i);
  number &= 0x7fffffff;
  std::string code(kOneTimeCodeDigits, '0');
  for (size_t i = code.size(); i-- > 0; number /= 10) code.at(i) = static_cast<char>('0' + number % 10);
  return code;
}

}  // namespace coffer::crypto
