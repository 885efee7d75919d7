// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/unit/crypto/vector_file.h"

namespace coffer::crypto {
namespace {

struct CommandResult {
  int status = -1;
  std::string output;
};

CommandResult run(const std::string& command) {
  CommandResult result;
  FILE* pipe = ::popen(fmt::format("{} 2>&1", command).c_str(), "r");
  if (pipe == nullptr) return result;
  char buffer[4096];
  for (size_t got; (got = ::fread(buffer, 1, sizeof buffer, pipe)) > 0;) result.output.append(buffer, got);
  result.status = ::pclose(pipe);
  return result;
}

// A certificate authority, a server certificate of it, and the `openssl` command as the judge of both.
class CertificateTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/coffer-certificate-XXXXXX";
    folder_ = ::mkdtemp(name);
    ca_key_ = make_p256_key_pair().value();
    server_key_ = make_p256_key_pair().value();
    ca_ = make_ca_certificate(ca_key_.private_key_der, "Coffer test CA", now_).value();
    write("ca.pem", ca_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, ByteView certificate) {
    std::ofstream(fmt::format("{}/{}", folder_, name)) << certificate_pem(certificate);
  }

  Result<Bytes> issue(const std::vector<std::string>& names, int days = 90) {
    return issue_server_certificate(ca_key_.private_key_der, ca_, server_key_.public_key_der, names, now_,
                                    days);
  }

  bool verifies(const std::string& options, Timestamp at, const std::string& ca = "ca.pem") {
    const CommandResult result = run(fmt::format(
        "openssl verify -x509_strict -purpose sslserver -attime {} -CAfile {}/{} {} {}/server.pem",
        at.microseconds / 1000000, folder_, ca, options, folder_));
    return result.status == 0 && result.output.find("server.pem: OK") != std::string::npos;
  }

  std::string text_of(const std::string& name) {
    return run(fmt::format("openssl x509 -noout -text -in {}/{}", folder_, name)).output;
  }

  Timestamp after(double seconds) const { return {now_.microseconds + static_cast<int64_t>(seconds * 1e6)}; }

  static constexpr double kDay = 86400;
  const Timestamp now_ = Timestamp::from_seconds(1800000000);
  std::string folder_;
  PrivateKeyPair ca_key_, server_key_;
  Bytes ca_;
};

TEST_F(CertificateTest, OpensslVerifiesEachNameAndNoOther) {
  write("server.pem",
        issue({"kms.us-west-2.amazonaws.com", "*.s3.amazonaws.com", "127.0.0.1", "::1"}).value());
  EXPECT_TRUE(verifies("-verify_hostname kms.us-west-2.amazonaws.com", now_));
  EXPECT_TRUE(verifies("-verify_hostname bucket.s3.amazonaws.com", now_));
  EXPECT_TRUE(verifies("-verify_ip 127.0.0.1", now_));
  EXPECT_TRUE(verifies("-verify_ip ::1", now_));
  EXPECT_FALSE(verifies("-verify_hostname ec2.us-west-2.amazonaws.com", now_));
  EXPECT_FALSE(verifies("-verify_ip 127.0.0.2", now_));
}

TEST_F(CertificateTest, IsValidFromAnHourBeforeForItsDays) {
  write("server.pem", issue({"a.example"}, 90).value());
  EXPECT_FALSE(verifies("", after(-3605)));
  EXPECT_TRUE(verifies("", after(-3595)));
  EXPECT_TRUE(verifies("", after(90 * kDay - 5)));
  EXPECT_FALSE(verifies("", after(90 * kDay + 5)));
  write("server.pem", issue({"a.example"}, 4000).value());
  EXPECT_TRUE(verifies("", after(3650 * kDay - 5)));
  EXPECT_FALSE(verifies("", after(3650 * kDay + 5)));  // the CA's end
}

TEST_F(CertificateTest, AnotherAuthorityDoesNotVouch) {
  write("server.pem", issue({"a.example"}).value());
  const PrivateKeyPair other = make_p256_key_pair().value();
  write("other.pem", make_ca_certificate(other.private_key_der, "Coffer test CA", now_).value());
  EXPECT_TRUE(verifies("", now_));
  EXPECT_FALSE(verifies("", now_, "other.pem"));
  EXPECT_FALSE(issue_server_certificate(other.private_key_der, ca_, server_key_.public_key_der, {"a.example"},
                                        now_, 1));
}

// A server's key must not be able to issue: neither by its own constraints nor by the CA's path length.
TEST_F(CertificateTest, AServerCertificateIsNoAuthority) {
  const Bytes server = issue({"a.example"}).value();
  write("middle.pem", server);
  const PrivateKeyPair leaf = make_p256_key_pair().value();
  write("server.pem", issue_server_certificate(server_key_.private_key_der, server, leaf.public_key_der,
                                               {"b.example"}, now_, 1)
                          .value());
  EXPECT_FALSE(verifies(fmt::format("-untrusted {}/middle.pem", folder_), now_));
}

TEST_F(CertificateTest, CarriesTheExtensionsOfItsRole) {
  write("server.pem", issue({"a.example", "10.1.2.3"}).value());
  const std::string server = text_of("server.pem"), ca = text_of("ca.pem");
  for (const char* part : {"Version: 3", "CA:FALSE", "TLS Web Server Authentication", "Digital Signature",
                           "DNS:a.example, IP Address:10.1.2.3", "X509v3 Subject Key Identifier",
                           "X509v3 Authority Key Identifier", "ecdsa-with-SHA256", "NIST CURVE: P-256"})
    EXPECT_NE(server.find(part), std::string::npos) << part << "\n" << server;
  for (const char* part : {"CA:TRUE, pathlen:0", "Certificate Sign", "X509v3 Basic Constraints: critical",
                           "X509v3 Key Usage: critical", "CN = Coffer test CA"})
    EXPECT_NE(ca.find(part), std::string::npos) << part << "\n" << ca;
  EXPECT_EQ(server.find("Certificate Sign"), std::string::npos);
}

TEST_F(CertificateTest, SerialsArePositiveLongAndNeverRepeat) {
  std::set<std::string> serials;
  size_t longest = 0;
  for (int round = 0; round < 30; ++round) {
    write("server.pem", issue({"a.example"}).value());
    const std::string line =
        run(fmt::format("openssl x509 -noout -serial -in {}/server.pem", folder_)).output;
    ASSERT_TRUE(line.starts_with("serial=") && line.find('-') == std::string::npos) << line;
    longest = std::max(longest, line.size() - strlen("serial=\n"));
    serials.insert(line);
  }
  EXPECT_EQ(serials.size(), 30u);
  EXPECT_EQ(longest, 32u);  // 128 bits in hexadecimal
}

TEST_F(CertificateTest, AClientsCertificateIsForClientsAloneAndNamesUris) {
  const auto client = [this](const std::vector<std::string>& uris) {
    return issue_client_certificate(ca_key_.private_key_der, ca_, server_key_.public_key_der, uris, now_, 30);
  };
  write("server.pem", client({"coffer:nbd:vol-0123456789abcdef0", "coffer:nbd:*"}).value());
  EXPECT_FALSE(verifies("", now_));  // sslserver
  const CommandResult verified = run(
      fmt::format("openssl verify -x509_strict -purpose sslclient -attime {} -CAfile {}/ca.pem {}/server.pem",
                  now_.microseconds / 1000000, folder_, folder_));
  EXPECT_EQ(verified.status, 0) << verified.output;
  const CommandResult text = run(fmt::format("openssl x509 -in {}/server.pem -noout -text", folder_));
  EXPECT_NE(text.output.find("URI:coffer:nbd:vol-0123456789abcdef0, URI:coffer:nbd:*"), std::string::npos);
  EXPECT_NE(text.output.find("TLS Web Client Authentication\n"), std::string::npos);
  write("server.pem", issue({"a.example"}).value());
  EXPECT_TRUE(verifies("", now_));  // so that the command above would have said so
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string("a\0b", 3), std::string("a\n")})
    EXPECT_FALSE(client({bad}));
  EXPECT_FALSE(client({}));
}

// The CONNECT front hands in names that a client chose.
TEST_F(CertificateTest, RefusesNamesThatAreNone) {
  const auto refused = [this](const std::vector<std::string>& names) {
    const auto certificate = issue(names);
    return !certificate && certificate.error().kind == ErrorKind::kInvalidArgument;
  };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({""}));
  EXPECT_TRUE(refused({"a.example,DNS:b.example"}));
  EXPECT_TRUE(refused({"a.example\nb"}));
  EXPECT_TRUE(refused({std::string("a.example\0.b", 12)}));
  EXPECT_TRUE(refused({std::string("127.0.0.1\0.b", 12)}));
  EXPECT_TRUE(refused({"a example"}));
  EXPECT_TRUE(refused({"b\xc3\xbc"}));
  EXPECT_TRUE(refused({std::string(254, 'a')}));
  EXPECT_FALSE(refused({"a.example"}));
}

// A name too long for a common name (64) is still a name.
TEST_F(CertificateTest, ALongNameLeavesTheSubjectEmpty) {
  const std::string name = fmt::format("{}.amazonaws.com", std::string(60, 'a'));
  write("server.pem", issue({name}).value());
  EXPECT_TRUE(verifies(fmt::format("-verify_hostname {}", name), now_));
  EXPECT_NE(text_of("server.pem").find("Subject Alternative Name: critical"), std::string::npos);
}

TEST_F(CertificateTest, RefusesKeysAndCertificatesThatAreNone) {
  const auto garbage = secret_of("00112233");
  EXPECT_FALSE(make_ca_certificate(garbage, "CA", now_));
  EXPECT_FALSE(make_ca_certificate(ca_key_.private_key_der, "", now_));
  EXPECT_FALSE(make_ca_certificate(ca_key_.private_key_der, std::string(65, 'a'), now_));
  EXPECT_FALSE(issue_server_certificate(garbage, ca_, server_key_.public_key_der, {"a.example"}, now_, 1));
  EXPECT_FALSE(issue_server_certificate(ca_key_.private_key_der, Bytes{1, 2}, server_key_.public_key_der,
                                        {"a.example"}, now_, 1));
  EXPECT_FALSE(issue_server_certificate(ca_key_.private_key_der, ca_, Bytes{1, 2}, {"a.example"}, now_, 1));
}

}  // namespace
}  // namespace coffer::crypto
