// SPDX-License-Identifier: Apache-2.0
#include "export/tls_identity.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace coffer::exporting {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using PrivateKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// Many records at a time from the socket, as bulk writes are many records.
constexpr size_t kReadBuffer = 64 * 1024;

tl::unexpected<Error> refused(std::string_view what) {
  ERR_clear_error();
  return fail(ErrorKind::kInvalidArgument, "TLS for NBD: " + std::string(what));
}

Certificate parse_certificate(ByteView der) {
  const uint8_t* cursor = der.data();
  return {d2i_X509(nullptr, &cursor, static_cast<long>(der.size())), X509_free};
}

PrivateKey parse_private_key(const secret::SecretBytes& der) {
  const ByteView raw = der.read(secret::RawAccess::because("OpenSSL parses the TLS key of this process"));
  const uint8_t* cursor = raw.data();
  return {d2i_AutoPrivateKey(nullptr, &cursor, static_cast<long>(raw.size())), EVP_PKEY_free};
}

// No session outlives its connection: each client proves anew who it is.
bool set_rules(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, kReadBuffer);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_verify_depth(context, 1);
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
         SSL_CTX_set_num_tickets(context, 0) == 1;
}

}  // namespace

Result<std::unique_ptr<TlsIdentity>> TlsIdentity::create() {
  COFFER_TRY(pair, crypto::make_p256_key_pair());
  // The first context makes OpenSSL and the C library look at the machine, by system calls that a confined
  // process has no other use for.
  const Context first(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!first || !set_rules(first.get())) return refused("OpenSSL does not take our settings");
  return std::make_unique<TlsIdentity>(std::move(pair));
}

Status TlsIdentity::set_certificate(ByteView certificate_der, ByteView authority_der) {
  const Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  const Certificate certificate = parse_certificate(certificate_der);
  const Certificate authority = parse_certificate(authority_der);
  const PrivateKey key = parse_private_key(pair_.private_key_der);
  if (!certificate || !authority) return refused("a certificate does not parse");
  if (!context || !key || !set_rules(context.get())) return refused("OpenSSL does not take our settings");
  if (SSL_CTX_use_certificate(context.get(), certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1)
    return refused("the certificate is not for this process's key");
  if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority.get()) != 1 ||
      SSL_CTX_add_client_CA(context.get(), authority.get()) != 1)
    return refused("the authority is not taken");
  std::lock_guard lock(mutex_);
  context_ = context;
  certified_.notify_all();
  return {};
}

TlsIdentity::Context TlsIdentity::wait_for_context(std::chrono::steady_clock::time_point deadline) const {
  std::unique_lock lock(mutex_);
  certified_.wait_until(lock, deadline, [this] { return context_ != nullptr; });
  return context_;
}

}  // namespace coffer::exporting
