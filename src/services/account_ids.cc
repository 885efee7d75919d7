// SPDX-License-Identifier: Apache-2.0
#include "services/account_ids.h"

#include <array>

namespace coffer::services {

std::string make_account_id(Random& random) {
  std::array<uint8_t, 12> bytes{};
  random.fill(bytes);
  std::string id;
  for (uint8_t byte : bytes) id += static_cast<char>('0' + byte % 10);
  return id;
}

}  // namespace coffer::services
