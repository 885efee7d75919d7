// SPDX-License-Identifier: Apache-2.0
#include "services/kms/key_kinds.h"

#include <fmt/format.h>

#include <algorithm>

namespace coffer::services::kms {
namespace {

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "ValidationException");
}

std::vector<std::string> names(auto algorithms) {
  std::vector<std::string> out;
  for (const auto algorithm : algorithms) out.emplace_back(format::name_of(algorithm));
  return out;
}

}  // namespace

Result<KeyKind> checked_kind(const api::CreateKeyRequest& request) {
  if (request.key_spec && request.customer_master_key_spec)
    return invalid(
        "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. "
        "CustomerMasterKeySpec is deprecated.");
  const std::string name =
      request.key_spec.value_or(request.customer_master_key_spec.value_or("SYMMETRIC_DEFAULT"));
  const auto spec = format::key_spec(name);
  if (!spec)
    return fail(ErrorKind::kUnsupported, fmt::format("KeySpec {} is not supported here.", name),
                "UnsupportedOperationException");
  if (!request.key_usage && *spec != format::KeySpec::kSymmetricDefault)
    return invalid(
        "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.");
  const std::string usage = request.key_usage.value_or("ENCRYPT_DECRYPT");
  const auto usages = format::usages(*spec);
  if (std::ranges::find(usages, usage) == usages.end())
    return invalid(fmt::format("KeyUsage {} is not compatible with KeySpec {}", usage, name));
  return KeyKind{*spec, usage};
}

format::KeySpec spec_of(const catalog::Key& key) {
  return format::key_spec(key.spec).value_or(format::KeySpec::kSymmetricDefault);
}

std::vector<std::string> encryption_algorithm_names(const catalog::Key& key) {
  if (key.usage != "ENCRYPT_DECRYPT") return {};
  return names(format::encryption_algorithms(spec_of(key)));
}

std::vector<std::string> signing_algorithm_names(const catalog::Key& key) {
  if (key.usage != "SIGN_VERIFY") return {};
  return names(format::signing_algorithms(spec_of(key)));
}

std::vector<std::string> mac_algorithm_names(const catalog::Key& key) {
  const auto algorithm = format::mac_algorithm(spec_of(key));
  if (algorithm.empty()) return {};
  return {std::string(algorithm)};
}

std::vector<std::string> key_agreement_algorithm_names(const catalog::Key& key) {
  if (key.usage != "KEY_AGREEMENT") return {};
  return {"ECDH"};
}

}  // namespace coffer::services::kms
