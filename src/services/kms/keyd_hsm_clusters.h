// SPDX-License-Identifier: Apache-2.0
// HSM clusters as keyd has them: PKCS#11 tokens, each opened in a process of its own (keys/hsm_stores.h).
// Neither where a token is nor a password in the clear is known here.
#pragma once
#include "keyclient/keyd_client.h"
#include "services/kms/hsm_cluster.h"

namespace coffer::services::kms {

class KeydHsmClusters final : public HsmClusters {
 public:
  explicit KeydHsmClusters(keyclient::KeydClient& keyd) : keyd_(keyd) {}

  bool knows(const HsmClusterUse& cluster) const override;
  bool trusts(const HsmClusterUse& cluster, const std::string& certificate_pem) const override;
  Status check_active(const HsmClusterUse& cluster) const override;
  std::string connect(const HsmLogin& login) override;
  Status remember(const HsmLogin& login) override;
  void disconnect(const HsmLogin& login) override;
  Result<HsmKey> create_key(const HsmLogin& login, const format::KeyBinding& binding) override;
  Status destroy_key(const HsmLogin& login, const HsmKey& key, const format::KeyBinding& binding) override;
  Result<secret::SecretBytes> generate_random(const HsmLogin& login, uint32_t size) override;

 private:
  keyclient::KeydClient& keyd_;
};

}  // namespace coffer::services::kms
