// SPDX-License-Identifier: Apache-2.0
// KMS keys whose second half is in an external key store: what keyd has encrypted is encrypted once more by
// the store's proxy, and opened there first. So the proxy sees no plaintext, nothing here brings one into
// apid that was not there, and neither half opens anything by itself. Thread-safe. Source: AWS KMS Developer
// Guide, "External key stores", "Double encryption".
#pragma once
#include <map>
#include <string>

#include "services/call.h"
#include "services/kms/key_directory.h"
#include "xks/proxy_client.h"

namespace coffer::services::kms {

inline constexpr const char* kExternalKeyStore =
    "EXTERNAL_KEY_STORE";                                 // a store's type, and its keys' origin
inline constexpr const char* kCloudHsm = "AWS_CLOUDHSM";  // the same

inline bool is_external(const catalog::Key& key) {
  return key.origin == kExternalKeyStore;
}

// In whose name a key is used, as its store's proxy is told.
struct KeyUser {
  std::string principal_arn;
  std::string operation;  // of KMS: "Decrypt"
  std::string request_id;
  std::string via_service;  // "ec2"; empty: the caller asked KMS itself
};
KeyUser user_of(const Call& call);  // of KMS
// Of another service, which uses the key for its caller.
KeyUser user_of(const Call& call, const std::string& operation, const std::string& via_service);

// Of a store of that type.
xks::Proxy proxy_of(const catalog::CustomKeyStore& store);

// A blob of keyd's under a key of an external store, encrypted once more there; what keyd made for any other
// key is given back as it is. KMSInvalidStateException in AWS's words where the store is of no help.
Result<Bytes> seal_externally(Installation& installation, const FoundKey& found, const KeyUser& user,
                              const std::map<std::string, std::string>& context, Bytes blob);
// keyd's blob in such a one; kRefusedCiphertext when it is none. For keys with is_external alone.
Result<Bytes> open_externally(Installation& installation, const FoundKey& found, const KeyUser& user,
                              const std::map<std::string, std::string>& context, ByteView blob);

// Is the external key there, and fit for a KMS key? XksKeyNotFoundException and others.
Status check_external_key(Call& call, const catalog::CustomKeyStore& store, const std::string& xks_key_id);

// Does the proxy answer, and some external key manager behind it? Of `operation`, "ConnectCustomKeyStore".
xks::Outcome<void> check_proxy(Installation& installation, const catalog::CustomKeyStore& store,
                               const std::string& operation, const std::string& request_id);

}  // namespace coffer::services::kms
