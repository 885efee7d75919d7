// SPDX-License-Identifier: Apache-2.0
// Does a client that trusts our CA, and nothing else, reach us under AWS's names and under our own?
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "crypto/certificate.h"
#include "tests/unit/wire/loopback.h"
#include "wire/http_server.h"

namespace coffer::wire {
namespace {

using test::Listener;
using test::RawClient;
using testing::HasSubstr;
using testing::StartsWith;

// A TLS client on a connected socket: verifies chain and name, like any AWS SDK.
class TlsClient {
 public:
  TlsClient(int fd, ByteView ca_der, const std::string& name, int highest = 0) {
    context_ = SSL_CTX_new(TLS_client_method());
    const unsigned char* data = ca_der.data();
    X509* ca = d2i_X509(nullptr, &data, static_cast<long>(ca_der.size()));
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), ca);
    X509_free(ca);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    if (highest != 0) {
      SSL_CTX_set_security_level(context_, 0);
      SSL_CTX_set_max_proto_version(context_, highest);
    }
    ssl_ = SSL_new(context_);
    SSL_set1_host(ssl_, name.c_str());
    SSL_set_tlsext_host_name(ssl_, name.c_str());
    SSL_set_fd(ssl_, fd);
    connected_ = SSL_connect(ssl_) == 1;
    ERR_clear_error();
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  bool connected() const { return connected_; }
  long verify_result() const { return SSL_get_verify_result(ssl_); }
  int version() const { return SSL_version(ssl_); }
  std::string ask(const std::string& request) {
    std::string answer;
    char buffer[4096];
    if (SSL_write(ssl_, request.data(), static_cast<int>(request.size())) <= 0) return answer;
    while (answer.find('>') == std::string::npos) {
      const int size = SSL_read(ssl_, buffer, sizeof buffer);
      if (size <= 0) break;
      answer.append(buffer, static_cast<size_t>(size));
    }
    return answer;
  }

 private:
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
};

HttpResponse tell(HttpRequest&& request) {
  return plain_response(
      200, fmt::format("<{} tls={} connect={}>", request.path, request.is_tls, request.connect_host));
}

class HttpTlsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto pair = crypto::make_p256_key_pair();
    ASSERT_TRUE(pair);
    ca_key_ = std::move(pair->private_key_der);
    auto ca = crypto::make_ca_certificate(ca_key_, "Test CA", system_clock().now());
    ASSERT_TRUE(ca) << ca.error().message;
    ca_der_ = *ca;
  }
  HttpServer::Options options() {
    HttpServer::Options result;
    result.certificates = [this](const std::string& host) -> Result<ServerCertificate> {
      ++issued_;
      if (host.starts_with("fail.")) return fail(ErrorKind::kUnavailable, "keyd is down");
      COFFER_TRY(pair, crypto::make_p256_key_pair());
      COFFER_TRY(leaf, crypto::issue_server_certificate(ca_key_, ca_der_, pair.public_key_der, {host},
                                                        system_clock().now(), 7));
      ServerCertificate certificate;
      certificate.chain_der = {leaf, ca_der_};
      certificate.private_key_der = std::move(pair.private_key_der);
      return certificate;
    };
    return result;
  }
  void serve(HttpServer::Options given) {
    const auto status = server_.start(listener_.duplicate(), std::move(given), tell);
    ASSERT_TRUE(status) << status.error().message;
  }
  // The answer's head to a CONNECT.
  std::string connect(RawClient& client, const std::string& target) {
    client.send("CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n");
    return client.read_until("\r\n\r\n");
  }

  secret::SecretBytes ca_key_;
  Bytes ca_der_;
  std::atomic<int> issued_ = 0;
  Listener listener_;
  HttpServer server_;
};

constexpr const char* kGet = "GET /tunnelled HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(HttpTlsTest, ServesAnAwsNameThroughConnect) {
  serve(options());
  RawClient raw(listener_.port);
  ASSERT_THAT(connect(raw, "kms.us-west-2.amazonaws.com:443"), StartsWith("HTTP/1.1 200 "));
  TlsClient tls(raw.fd(), ca_der_, "kms.us-west-2.amazonaws.com");
  ASSERT_TRUE(tls.connected()) << X509_verify_cert_error_string(tls.verify_result());
  for (int i = 0; i < 2; ++i)
    EXPECT_THAT(tls.ask(kGet), HasSubstr("</tunnelled tls=true connect=kms.us-west-2.amazonaws.com>"));
}

TEST_F(HttpTlsTest, TheCertificateIsForThatNameOnly) {
  serve(options());
  RawClient raw(listener_.port);
  ASSERT_THAT(connect(raw, "kms.us-west-2.amazonaws.com:443"), StartsWith("HTTP/1.1 200 "));
  TlsClient tls(raw.fd(), ca_der_, "ec2.us-west-2.amazonaws.com");
  EXPECT_FALSE(tls.connected());
  EXPECT_EQ(tls.verify_result(), X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_F(HttpTlsTest, IssuesOneCertificatePerName) {
  serve(options());
  for (const char* name : {"kms.us-west-2.amazonaws.com", "ec2.us-west-2.amazonaws.com"})
    for (int i = 0; i < 3; ++i) {
      RawClient raw(listener_.port);
      ASSERT_THAT(connect(raw, std::string(name) + ":443"), StartsWith("HTTP/1.1 200 "));
      TlsClient tls(raw.fd(), ca_der_, name);
      EXPECT_TRUE(tls.connected());
    }
  EXPECT_EQ(issued_, 2);
}

TEST_F(HttpTlsTest, RefusesConnectToAnywhereElse) {
  serve(options());
  for (const char* target : {"example.com:443", "kms.us-west-2.amazonaws.com:80", "127.0.0.1:443"}) {
    RawClient raw(listener_.port);
    EXPECT_THAT(connect(raw, target), StartsWith("HTTP/1.1 403 ")) << target;
    EXPECT_THAT(raw.read_to_end(), HasSubstr("CONNECT refused")) << target;
  }
  EXPECT_EQ(issued_, 0);
}

TEST_F(HttpTlsTest, RefusesConnectWithoutCertificatesAndInsideATunnel) {
  serve(options());
  RawClient raw(listener_.port);
  ASSERT_THAT(connect(raw, "kms.us-west-2.amazonaws.com:443"), StartsWith("HTTP/1.1 200 "));
  TlsClient tls(raw.fd(), ca_der_, "kms.us-west-2.amazonaws.com");
  ASSERT_TRUE(tls.connected());
  EXPECT_THAT(tls.ask("CONNECT kms.us-west-2.amazonaws.com:443 HTTP/1.1\r\nHost: h\r\n\r\n"),
              StartsWith("HTTP/1.1 403 "));

  Listener plain_listener;
  HttpServer plain;
  ASSERT_TRUE(plain.start(plain_listener.duplicate(), {}, tell));
  RawClient other(plain_listener.port);
  EXPECT_THAT(connect(other, "kms.us-west-2.amazonaws.com:443"), StartsWith("HTTP/1.1 403 "));
}

TEST_F(HttpTlsTest, SaysThatItIsUnavailableWhenNoCertificateCanBeIssued) {
  serve(options());
  RawClient raw(listener_.port);
  EXPECT_THAT(connect(raw, "fail.amazonaws.com:443"), StartsWith("HTTP/1.1 503 "));
}

TEST_F(HttpTlsTest, SurvivesAClientThatSpeaksNoTlsInTheTunnel) {
  serve(options());
  RawClient raw(listener_.port);
  ASSERT_THAT(connect(raw, "kms.us-west-2.amazonaws.com:443"), StartsWith("HTTP/1.1 200 "));
  raw.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  raw.read_to_end();
  EXPECT_TRUE(raw.closed());
  RawClient next(listener_.port);
  EXPECT_THAT(connect(next, "kms.us-west-2.amazonaws.com:443"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpTlsTest, ServesTlsOnTheListeningSocketAndRefusesPlainText) {
  auto tls_only = options();
  tls_only.tls_only = true;
  tls_only.tls_name = "coffer.example";
  serve(std::move(tls_only));
  RawClient raw(listener_.port);
  TlsClient tls(raw.fd(), ca_der_, "coffer.example");
  ASSERT_TRUE(tls.connected()) << X509_verify_cert_error_string(tls.verify_result());
  EXPECT_THAT(tls.ask(kGet), HasSubstr("</tunnelled tls=true connect=>"));

  RawClient plain(listener_.port);
  plain.send(kGet);
  EXPECT_THAT(plain.read_to_end(), testing::Not(HasSubstr("200 OK")));
}

TEST_F(HttpTlsTest, MayServeLocalPeersBothWays) {
  auto both = options();
  both.tls_only = true;
  both.tls_name = "coffer.example";
  both.plain_from_loopback = true;
  serve(std::move(both));
  RawClient raw(listener_.port);
  TlsClient tls(raw.fd(), ca_der_, "coffer.example");
  ASSERT_TRUE(tls.connected());
  EXPECT_THAT(tls.ask(kGet), HasSubstr("tls=true"));
  RawClient plain(listener_.port);
  plain.send(kGet);
  EXPECT_THAT(plain.read_until(">"), HasSubstr("tls=false"));
}

TEST_F(HttpTlsTest, RefusesVersionsBefore12) {
  serve(options());
  for (const auto& [highest, accepted] :
       {std::pair{TLS1_1_VERSION, false}, std::pair{TLS1_2_VERSION, true}}) {
    RawClient raw(listener_.port);
    ASSERT_THAT(connect(raw, "kms.us-west-2.amazonaws.com:443"), StartsWith("HTTP/1.1 200 "));
    TlsClient tls(raw.fd(), ca_der_, "kms.us-west-2.amazonaws.com", highest);
    EXPECT_EQ(tls.connected(), accepted) << highest;
  }
}

TEST(HttpTlsStart, RequiresASourceOfCertificates) {
  Listener listener;
  HttpServer server;
  HttpServer::Options options;
  options.tls_only = true;
  EXPECT_FALSE(server.start(listener.duplicate(), options, tell));
}

}  // namespace
}  // namespace coffer::wire
