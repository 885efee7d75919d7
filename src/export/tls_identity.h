// SPDX-License-Identifier: Apache-2.0
// Who this process is to TLS clients, and whom it believes: a P-256 key pair made here, which never leaves,
// and once somebody has had it certified, an OpenSSL server context: TLS 1.2 and newer, client certificates
// of the same authority required. Thread-safe.
#pragma once
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/certificate.h"

struct ssl_ctx_st;

namespace coffer::exporting {

class TlsIdentity {
 public:
  using Context = std::shared_ptr<ssl_ctx_st>;

  // Call it before the process is confined.
  static Result<std::unique_ptr<TlsIdentity>> create();
  explicit TlsIdentity(crypto::PrivateKeyPair pair) : pair_(std::move(pair)) {}

  const Bytes& public_key_der() const { return pair_.public_key_der; }  // SubjectPublicKeyInfo
  // A later one replaces it for connections to come. kInvalidArgument when the certificate is not for our
  // key, or either does not parse.
  Status set_certificate(ByteView certificate_der, ByteView authority_der);
  // Waits until there is a certificate; null when there is none at the deadline.
  Context wait_for_context(std::chrono::steady_clock::time_point deadline) const;

 private:
  const crypto::PrivateKeyPair pair_;
  mutable std::mutex mutex_;
  mutable std::condition_variable certified_;
  Context context_;  // under mutex_
};

}  // namespace coffer::exporting
