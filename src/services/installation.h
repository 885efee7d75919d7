// SPDX-License-Identifier: Apache-2.0
// What every service works with: the parts of one running installation. Assembled in api/, outlives all
// calls.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "catalog/catalog.h"
#include "control/volumed_client.h"
#include "keyclient/keyd_client.h"
#include "policy/document_cache.h"
#include "services/account_organization.h"
#include "services/caller_policies.h"
#include "services/installation_key.h"
#include "services/key_usage.h"
#include "services/kms/known_grants.h"
#include "services/kms/stored_keys.h"

namespace coffer {

namespace services::kms {
class ContinuousBackup;
class DomainKeyRotation;
class HsmClusters;
}  // namespace services::kms
namespace xks {
class ProxyClient;
}

struct Installation {
  std::string owner_account;
  std::vector<std::string> regions;  // installed ones, the first is the default
  std::string host_id;               // this host's instance id
  bool development = false;
  Clock& clock;
  Random& random;
  catalog::Catalog& catalog;
  keyclient::KeydClient& keyd;
  control::VolumedClient& volumed;
  // Policy documents that were read: of keys, users, roles. Thread-safe.
  std::shared_ptr<policy::DocumentCache> documents = std::make_shared<policy::DocumentCache>();
  services::kms::DomainKeyRotation* domain_key_rotation = nullptr;  // null in tests of single services
  services::kms::ContinuousBackup* continuous_backup = nullptr;     // null as well
  bool kms_request_quotas = false;                                  // accounts are held to AWS's
  // For custom key stores. Null: no proxy can be reached, no cluster is known.
  xks::ProxyClient* proxies = nullptr;
  services::kms::HsmClusters* hsm_clusters = nullptr;
  // What calls are decided by, as long as it stays as it is. Thread-safe.
  std::shared_ptr<CallerCache> callers = std::make_shared<CallerCache>();
  std::shared_ptr<AccountOrganizations> organizations = std::make_shared<AccountOrganizations>();
  std::shared_ptr<services::kms::StoredKeys> stored_keys = std::make_shared<services::kms::StoredKeys>();
  std::shared_ptr<services::kms::KnownGrants> known_grants = std::make_shared<services::kms::KnownGrants>();
  std::shared_ptr<services::InstallationKey> own_key = std::make_shared<services::InstallationKey>();
  std::shared_ptr<services::KeyUsageLog> key_usage = std::make_shared<services::KeyUsageLog>();
};

}  // namespace coffer
