// SPDX-License-Identifier: Apache-2.0
#include "wire/tls_contexts.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace coffer::wire {
namespace {

using X509Pointer = std::unique_ptr<X509, decltype(&X509_free)>;
using KeyPointer = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

tl::unexpected<Error> fail_tls(std::string_view what) {
  char reason[256] = "unknown";
  if (const unsigned long code = ERR_get_error(); code != 0) ERR_error_string_n(code, reason, sizeof reason);
  ERR_clear_error();
  return fail(ErrorKind::kInternal, std::string(what) + ": " + reason);
}

X509Pointer parse_certificate(ByteView der) {
  const unsigned char* data = der.data();
  return {d2i_X509(nullptr, &data, static_cast<long>(der.size())), X509_free};
}

KeyPointer parse_private_key(const secret::SecretBytes& der) {
  const ByteView bytes = der.read(secret::RawAccess::because("OpenSSL parses the TLS key of this process"));
  const unsigned char* data = bytes.data();
  return {d2i_AutoPrivateKey(nullptr, &data, static_cast<long>(bytes.size())), EVP_PKEY_free};
}

// HTTP/1.1 is what we speak, whatever else the client offers.
int choose_http11(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                  unsigned int offered_size, void*) {
  static constexpr unsigned char ours[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, ours, sizeof ours, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Result<TlsContexts::Context> make_context(const ServerCertificate& certificate) {
  TlsContexts::Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1)
    return fail_tls("TLS context");
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_http11, nullptr);

  for (size_t i = 0; i < certificate.chain_der.size(); ++i) {
    const X509Pointer parsed = parse_certificate(certificate.chain_der[i]);
    if (!parsed) return fail_tls("certificate");
    const bool taken = i == 0 ? SSL_CTX_use_certificate(context.get(), parsed.get()) == 1
                              : SSL_CTX_add1_chain_cert(context.get(), parsed.get()) == 1;
    if (!taken) return fail_tls("certificate");
  }
  const KeyPointer key = parse_private_key(certificate.private_key_der);
  if (!key || SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1)
    return fail_tls("private key");
  return context;
}

}  // namespace

Result<TlsContexts::Context> TlsContexts::get(const std::string& host) {
  const Timestamp now = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    if (const auto entry = entries_.find(host); entry != entries_.end()) {
      const int64_t age = now.microseconds - entry->second.made.microseconds;
      if (age >= 0 && age < lifetime_) {
        by_use_.splice(by_use_.begin(), by_use_, entry->second.position);
        return entry->second.context;
      }
      by_use_.erase(entry->second.position);
      entries_.erase(entry);
    }
  }
  COFFER_TRY(certificate, source_(host));
  COFFER_TRY(context, make_context(certificate));

  const std::lock_guard lock(mutex_);
  if (entries_.contains(host)) return context;  // another thread was faster; either serves
  if (entries_.size() >= capacity_ && !by_use_.empty()) {
    entries_.erase(by_use_.back());
    by_use_.pop_back();
  }
  by_use_.push_front(host);
  entries_.emplace(host, Entry{context, now, by_use_.begin()});
  return context;
}

}  // namespace coffer::wire
