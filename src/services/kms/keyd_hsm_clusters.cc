// SPDX-License-Identifier: Apache-2.0
#include "services/kms/keyd_hsm_clusters.h"

#include "base/log.h"

namespace coffer::services::kms {
namespace {

using format::HsmLoginOutcome;

constexpr uint32_t kFirstVersion = 1;

keyclient::HsmLogin to_keyd(const HsmLogin& login) {
  return {login.cluster_id, login.key_store_id, login.wrapped_password};
}

// Source: KMS API Reference, CustomKeyStoresListEntry, ConnectionErrorCode.
std::string connection_error(HsmLoginOutcome outcome) {
  switch (outcome) {
    case HsmLoginOutcome::kLoggedIn:
      return "";
    case HsmLoginOutcome::kUnknownCluster:
      return "CLUSTER_NOT_FOUND";
    case HsmLoginOutcome::kNoToken:
      return "INSUFFICIENT_CLOUDHSM_HSMS";
    case HsmLoginOutcome::kIncorrectPin:
      return "INVALID_CREDENTIALS";
    case HsmLoginOutcome::kLockedPin:
      return "USER_LOCKED_OUT";
    case HsmLoginOutcome::kNoUser:
      return "USER_NOT_FOUND";
    case HsmLoginOutcome::kNoAnswer:
      return "NETWORK_ERRORS";
    case HsmLoginOutcome::kNoModule:
    case HsmLoginOutcome::kUnfitToken:
      break;
  }
  return "INTERNAL_ERROR";
}

// Where no key is concerned yet, KMS says DependencyTimeoutException.
Error unreachable(Error error) {
  if (error.kind == ErrorKind::kConflict) error.kind = ErrorKind::kUnavailable;
  return error;
}

}  // namespace

bool KeydHsmClusters::knows(const HsmClusterUse& cluster) const {
  const auto status = keyd_.describe_hsm_cluster(cluster.cluster_id, cluster.account, "", false);
  if (!status) log_warning("cluster {}: {}", cluster.cluster_id, status.error().message);
  return status && status->known;
}

bool KeydHsmClusters::trusts(const HsmClusterUse& cluster, const std::string& certificate_pem) const {
  const auto status = keyd_.describe_hsm_cluster(cluster.cluster_id, cluster.account, certificate_pem, false);
  return status && status->known && status->trusts;
}

Status KeydHsmClusters::check_active(const HsmClusterUse& cluster) const {
  COFFER_TRY(status, keyd_.describe_hsm_cluster(cluster.cluster_id, cluster.account, "", true));
  if (status.found == HsmLoginOutcome::kLoggedIn) return {};
  if (status.found == HsmLoginOutcome::kUnfitToken)
    return fail(ErrorKind::kConflict, "The CloudHSM cluster does not offer AES-GCM with keys of 256 bits.",
                "CloudHsmClusterInvalidConfigurationException");
  return fail(ErrorKind::kConflict, "The CloudHSM cluster is not active.",
              "CloudHsmClusterNotActiveException");
}

std::string KeydHsmClusters::connect(const HsmLogin& login) {
  const auto outcome = keyd_.connect_hsm(to_keyd(login));
  if (outcome) return connection_error(*outcome);
  log_warning("key store {}: {}", login.key_store_id, outcome.error().message);
  return "INTERNAL_ERROR";
}

Status KeydHsmClusters::remember(const HsmLogin& login) {
  return keyd_.remember_hsm(to_keyd(login));
}

void KeydHsmClusters::disconnect(const HsmLogin& login) {
  const Status done = keyd_.disconnect_hsm(to_keyd(login));
  if (!done) log_warning("key store {}: {}", login.key_store_id, done.error().message);
}

Result<HsmKey> KeydHsmClusters::create_key(const HsmLogin& login, const format::KeyBinding& binding) {
  auto made = keyd_.create_hsm_key(to_keyd(login), binding, kFirstVersion);
  if (!made) return tl::unexpected(unreachable(std::move(made.error())));
  return HsmKey{std::move(made->label), std::move(made->token)};
}

Status KeydHsmClusters::destroy_key(const HsmLogin& login, const HsmKey& key,
                                    const format::KeyBinding& binding) {
  return keyd_.destroy_hsm_key(to_keyd(login), {binding, kFirstVersion, key.token});
}

Result<secret::SecretBytes> KeydHsmClusters::generate_random(const HsmLogin& login, uint32_t size) {
  auto random = keyd_.generate_hsm_random(to_keyd(login), size);
  if (!random) return tl::unexpected(unreachable(std::move(random.error())));
  return random;
}

}  // namespace coffer::services::kms
