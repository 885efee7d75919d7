// SPDX-License-Identifier: Apache-2.0
// The one key that apid has itself: for what it gives out and gets back, block tokens and authorization
// messages. It opens nothing else, and each use but the first (block tokens) derives its own from it.
// Thread-safe.
#pragma once
#include <memory>
#include <mutex>

#include "base/result.h"
#include "secret/secret_bytes.h"

namespace coffer {
struct Installation;
}

namespace coffer::services {

class InstallationKey {
 public:
  // Made when it is first asked for, and opened by keyd once; kUnavailable while keyd is down and it is not
  // open yet.
  Result<std::shared_ptr<const secret::SecretBytes>> get(Installation& installation);

 private:
  std::mutex mutex_;
  std::shared_ptr<const secret::SecretBytes> key_;
};

}  // namespace coffer::services
