// SPDX-License-Identifier: Apache-2.0
// OpenSSL server contexts by host name, made from the certificates that a source issues. TLS 1.2 and newer.
#pragma once
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "secret/secret_bytes.h"

struct ssl_ctx_st;

namespace coffer::wire {

struct ServerCertificate {
  std::vector<Bytes> chain_der;         // the leaf first
  secret::SecretBytes private_key_der;  // PKCS#8, of the leaf
};

// Issues a certificate for `host`. May block; called from several threads.
using CertificateSource = std::function<Result<ServerCertificate>(const std::string& host)>;

// Thread-safe. At most `capacity` names are kept, the least recently used goes first; none longer than
// `lifetime`, so that leaf certificates are renewed well before they end.
class TlsContexts {
 public:
  using Context = std::shared_ptr<ssl_ctx_st>;

  TlsContexts(CertificateSource source, Clock& clock, size_t capacity = 256,
              int64_t lifetime_seconds = 12 * 3600)
      : source_(std::move(source)),
        clock_(clock),
        capacity_(capacity),
        lifetime_(lifetime_seconds * 1000000) {}

  // May block in the source.
  Result<Context> get(const std::string& host);

 private:
  struct Entry {
    Context context;
    Timestamp made;
    std::list<std::string>::iterator position;
  };

  CertificateSource source_;
  Clock& clock_;
  const size_t capacity_;
  const int64_t lifetime_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::list<std::string> by_use_;  // most recently used first
};

}  // namespace coffer::wire
