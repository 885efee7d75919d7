// SPDX-License-Identifier: Apache-2.0
#include "services/kms/request_quotas.h"

#include <algorithm>
#include <array>

namespace coffer::services::kms {
namespace {

constexpr RequestQuota kSymmetric = {"Cryptographic operations (symmetric)", 10'000};
constexpr RequestQuota kAsymmetric = {"Cryptographic operations (RSA and ECC)", 1'000};
constexpr double kOther = 5;  // what most operations that change keys have

constexpr std::array kSharedSymmetric = {
    std::string_view("Decrypt"),         std::string_view("Encrypt"),
    std::string_view("GenerateDataKey"), std::string_view("GenerateDataKeyWithoutPlaintext"),
    std::string_view("GenerateMac"),     std::string_view("GenerateRandom"),
    std::string_view("ReEncrypt"),       std::string_view("VerifyMac")};
constexpr std::array kSharedAsymmetric = {std::string_view("DeriveSharedSecret"), std::string_view("Sign"),
                                          std::string_view("Verify")};

constexpr std::array kOperations = {
    RequestQuota{"CreateGrant", 50},
    RequestQuota{"DeleteAlias", 15},
    RequestQuota{"DeleteImportedKeyMaterial", 15},
    RequestQuota{"DescribeKey", 2'000},
    RequestQuota{"EnableKeyRotation", 15},
    RequestQuota{"GetKeyPolicy", 1'000},
    RequestQuota{"GetKeyRotationStatus", 1'000},
    RequestQuota{"GetParametersForImport", 0.25},
    RequestQuota{"GetPublicKey", 2'000},
    RequestQuota{"ImportKeyMaterial", 15},
    RequestQuota{"ListAliases", 500},
    RequestQuota{"ListGrants", 100},
    RequestQuota{"ListKeyPolicies", 100},
    RequestQuota{"ListKeyRotations", 100},
    RequestQuota{"ListKeys", 500},
    RequestQuota{"ListResourceTags", 2'000},
    RequestQuota{"ListRetirableGrants", 100},
    RequestQuota{"PutKeyPolicy", 15},
    RequestQuota{"RetireGrant", 50},
    RequestQuota{"RevokeGrant", 50},
    RequestQuota{"ScheduleKeyDeletion", 15},
    RequestQuota{"TagResource", 10},
};

constexpr std::array kPairs = {RequestQuota{"RSA_2048", 1}, RequestQuota{"RSA_3072", 0.5},
                               RequestQuota{"RSA_4096", 0.1}, RequestQuota{"SM2", 25}};
constexpr double kEllipticPairs = 100;

template <class List>
const RequestQuota* find(const List& list, std::string_view name) {
  const auto found = std::ranges::find(list, name, &RequestQuota::name);
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

RequestQuota quota_of(std::string_view operation, std::string_view key_pair_spec) {
  if (std::ranges::find(kSharedSymmetric, operation) != kSharedSymmetric.end()) return kSymmetric;
  if (std::ranges::find(kSharedAsymmetric, operation) != kSharedAsymmetric.end()) return kAsymmetric;
  if (!key_pair_spec.empty()) {
    const RequestQuota* pair = find(kPairs, key_pair_spec);
    return pair != nullptr ? *pair : RequestQuota{"GenerateDataKeyPair (ECC)", kEllipticPairs};
  }
  const RequestQuota* own = find(kOperations, operation);
  return own != nullptr ? *own : RequestQuota{operation, kOther};
}

Status RequestQuotas::take(const std::string& account, const std::string& region, const RequestQuota& quota) {
  const double most = std::max(1.0, quota.per_second);  // less than one a second: one, and then a wait
  const auto now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] =
      buckets_.try_emplace({account, region, std::string(quota.name)}, Bucket{most, now});
  Bucket& bucket = found->second;
  const std::chrono::duration<double> passed = now - bucket.filled;
  bucket.left = std::min(most, bucket.left + passed.count() * quota.per_second);
  bucket.filled = now;
  if (bucket.left < 1)
    return fail(ErrorKind::kLimitExceeded,
                "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
                "ThrottlingException");
  bucket.left -= 1;
  return {};
}

}  // namespace coffer::services::kms
