// SPDX-License-Identifier: Apache-2.0
// Calls external key stores' proxies: signs, sends, reads the answers. What is sent to be encrypted is
// ciphertext already, keyd's. Thread-safe; a call takes no longer than its HTTPS client's timeout.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "secret/secret_bytes.h"
#include "wire/https_client.h"
#include "wire/signing_key_cache.h"
#include "xks/messages.h"

namespace coffer::xks {

// Where a proxy is, and as whom it knows us.
struct Proxy {
  std::string key_store_id;
  std::string host;  // of the URI endpoint
  std::string path;  // "/prefix/kms/xks/v1"
  std::string region;
  std::string access_key_id;
  Bytes wrapped_secret;
};

// The SigV4 signing key of a proxy's credential for that day and region, from keyd.
using DeriveSigningKey =
    std::function<Result<secret::SecretBytes>(const Proxy& proxy, const std::string& date)>;

class ProxyClient {
 public:
  // `https` and `clock` outlive it; the clock is that of the proxies too.
  ProxyClient(wire::HttpsClient& https, Clock& clock, DeriveSigningKey derive)
      : https_(https), clock_(clock), derive_(std::move(derive)), signing_keys_(clock) {}

  Outcome<Health> health(const Proxy& proxy, const RequestMetadata& metadata);
  Outcome<KeyMetadata> key_metadata(const Proxy& proxy, const std::string& key_id,
                                    const RequestMetadata& metadata);
  Outcome<format::ExternallySealed> encrypt(const Proxy& proxy, const std::string& key_id,
                                            const RequestMetadata& metadata, ByteView associated_data,
                                            ByteView plaintext);
  Outcome<Bytes> decrypt(const Proxy& proxy, const std::string& key_id, const RequestMetadata& metadata,
                         ByteView associated_data, const format::ExternallySealed& sealed);

 private:
  Outcome<wire::HttpsAnswer> post(const Proxy& proxy, const std::string& path, const std::string& body);

  wire::HttpsClient& https_;
  Clock& clock_;
  const DeriveSigningKey derive_;
  wire::SigningKeyCache signing_keys_;
};

}  // namespace coffer::xks
