// SPDX-License-Identifier: Apache-2.0
// How many requests a second an account may send to KMS in one region; off unless `coffer up
// --kms-request-quotas` asks for it. A quota may be used up at once and fills again evenly.
// Source: AWS KMS Developer Guide, "Request quotas", "Throttling AWS KMS requests".
#pragma once
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

#include "base/clock.h"
#include "base/result.h"

namespace coffer::services::kms {

// The quota that a request counts against: operations that share one have the same name.
struct RequestQuota {
  std::string_view name;
  double per_second = 0;
};
// `key_pair_spec` is GenerateDataKeyPair's; empty for others.
RequestQuota quota_of(std::string_view operation, std::string_view key_pair_spec);

// Thread-safe.
class RequestQuotas {
 public:
  explicit RequestQuotas(const Clock& clock) : clock_(clock) {}

  // Counts the request; ThrottlingException when the quota is used up.
  Status take(const std::string& account, const std::string& region, const RequestQuota& quota);

 private:
  struct Bucket {
    double left = 0;
    std::chrono::steady_clock::time_point filled;
  };
  using Name = std::tuple<std::string, std::string, std::string>;

  const Clock& clock_;
  std::mutex mutex_;
  std::map<Name, Bucket> buckets_;
};

}  // namespace coffer::services::kms
