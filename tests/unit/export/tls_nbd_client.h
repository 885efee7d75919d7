// SPDX-License-Identifier: Apache-2.0
// The plain NBD client, able to go on through TLS, and certificates for it.
#pragma once
#include <arpa/inet.h>
#include <openssl/ssl.h>

#include <memory>

#include "base/clock.h"
#include "crypto/certificate.h"
#include "tests/unit/export/nbd_client.h"

namespace coffer::exporting {

struct TestCertificate {
  crypto::PrivateKeyPair pair;
  Bytes der;
};

// An authority such as an installation has.
class TestAuthority {
 public:
  TestAuthority() : pair_(*crypto::make_p256_key_pair()) {
    der_ = *crypto::make_ca_certificate(pair_.private_key_der, "test", system_clock().now());
  }
  const Bytes& der() const { return der_; }
  Bytes certify_server(ByteView public_key, const std::string& name = "localhost") const {
    return *crypto::issue_server_certificate(pair_.private_key_der, der_, public_key, {name},
                                             system_clock().now(), 1);
  }
  TestCertificate client(const std::vector<std::string>& uris, int64_t days_ago = 0) const {
    TestCertificate made{*crypto::make_p256_key_pair(), {}};
    const Timestamp then{system_clock().now().microseconds - days_ago * 86'400'000'000};
    made.der = *crypto::issue_client_certificate(pair_.private_key_der, der_, made.pair.public_key_der, uris,
                                                 then, 1);
    return made;
  }
  TestCertificate endpoint() const {
    TestCertificate made{*crypto::make_p256_key_pair(), {}};
    made.der = certify_server(made.pair.public_key_der);
    return made;
  }

 private:
  crypto::PrivateKeyPair pair_;
  Bytes der_;
};

class TlsNbdClient : public NbdClient {
 public:
  explicit TlsNbdClient(FileDescriptor socket) : NbdClient(std::move(socket)) {}
  ~TlsNbdClient() override { SSL_free(tls_); }

  // Greets, asks for TLS and has it. With a certificate that is refused, TLS 1.3 fails only afterwards.
  bool start_tls(const TestCertificate* certificate, int newest_version = TLS1_3_VERSION) {
    greet();
    if (ask(format::nbd::kOptionStartTls).back().type != format::nbd::kReplyAck) return false;
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                    SSL_CTX_free);
    SSL_CTX_set_max_proto_version(context.get(), newest_version);
    SSL_CTX_set_security_level(context.get(), 0);
    if (certificate != nullptr) {
      const auto key = certificate->pair.private_key_der.read(secret::RawAccess::because("a test's client"));
      SSL_CTX_use_certificate_ASN1(context.get(), static_cast<int>(certificate->der.size()),
                                   certificate->der.data());
      SSL_CTX_use_PrivateKey_ASN1(EVP_PKEY_EC, context.get(), key.data(), static_cast<long>(key.size()));
    }
    tls_ = SSL_new(context.get());
    SSL_set_fd(tls_, descriptor());
    return SSL_connect(tls_) == 1;
  }
  int version() const { return SSL_version(tls_); }
  // The last reply to GO; 0 when the connection ended instead.
  uint32_t go(std::string_view name) {
    option(format::nbd::kOptionGo, information(name, {}));
    const Bytes head = receive(20);
    if (head.size() < 20) return 0;
    uint32_t type = format::get_big_endian<uint32_t>(head.data() + 12);
    receive(format::get_big_endian<uint32_t>(head.data() + 16));
    while (type == format::nbd::kReplyInfo) type = option_answer().type;
    return type;
  }

 protected:
  ssize_t send_some(ByteView bytes) override {
    if (tls_ == nullptr) return NbdClient::send_some(bytes);
    return SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()));
  }
  ssize_t receive_some(MutableByteView into) override {
    if (tls_ == nullptr) return NbdClient::receive_some(into);
    return std::max(0, SSL_read(tls_, into.data(), static_cast<int>(into.size())));
  }

 private:
  SSL* tls_ = nullptr;
};

}  // namespace coffer::exporting
