// SPDX-License-Identifier: Apache-2.0
// Hardware security modules as AWS_CLOUDHSM custom key stores use them: a cluster, named by an id, is a token
// that the operator has configured. What KMS asks of one; who implements it reaches the token through keyd,
// so that neither passwords nor keys are in the clear here.
//
// No state is held between calls: each says which store it is for, so that whoever is at the other end can
// log in anew after a restart.
#pragma once
#include <memory>
#include <string>

#include "base/result.h"
#include "catalog/rows.h"
#include "format/ciphertext_blob.h"
#include "format/key_binding.h"
#include "secret/secret_bytes.h"

namespace coffer::services::kms {

// A cluster, and the account whose key store uses it.
struct HsmClusterUse {
  std::string cluster_id;  // "cluster-…"
  std::string account;
};

// How a key store's user logs in.
struct HsmLogin {
  std::string cluster_id;    // "cluster-…"
  std::string key_store_id;  // "cks-…": the password is wrapped under this name
  Bytes wrapped_password;    // format::SecretKind::kKeyStorePassword
};

// A key in a token. Both fields are stored with the KMS key.
struct HsmKey {
  std::string label;  // as the token has it; catalog::Key::store_key_id
  Bytes token;        // what keyd needs to use it, under the domain key: the KMS key's one backing key
};

// Thread-safe. Outlives the services that use it. Errors: kUnavailable while the token, or keyd, cannot be
// reached.
class HsmClusters {
 public:
  virtual ~HsmClusters() = default;

  // False too where the operator keeps the cluster for another account.
  virtual bool knows(const HsmClusterUse& cluster) const = 0;
  // Is that PEM certificate the cluster's trust anchor? True where the operator has configured none.
  virtual bool trusts(const HsmClusterUse& cluster, const std::string& certificate_pem) const = 0;

  // Is its token there, and fit? CloudHsmClusterNotActiveException, or another of KMS's exceptions about
  // clusters.
  virtual Status check_active(const HsmClusterUse& cluster) const = 0;

  // Logs in, to see whether it can be done. Empty, or a ConnectionErrorCode of the KMS API
  // ("INVALID_CREDENTIALS", "CLUSTER_NOT_FOUND", "INTERNAL_ERROR", …).
  virtual std::string connect(const HsmLogin& login) = 0;
  // Whoever is at the other end may have been started anew: the store is connected, as far as KMS knows.
  virtual Status remember(const HsmLogin& /*login*/) { return {}; }
  virtual void disconnect(const HsmLogin& login) = 0;

  // An AES-256 key that never leaves the token.
  virtual Result<HsmKey> create_key(const HsmLogin& login, const format::KeyBinding& binding) = 0;
  virtual Status destroy_key(const HsmLogin& login, const HsmKey& key, const format::KeyBinding& binding) = 0;
  virtual Result<secret::SecretBytes> generate_random(const HsmLogin& login, uint32_t size) = 0;
};

}  // namespace coffer::services::kms
