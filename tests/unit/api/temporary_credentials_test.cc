// SPDX-License-Identifier: Apache-2.0
// Do temporary credentials work for as long as they are said to, and no longer? On a clock of the test's own.
#include "base/disk.h"
#include "tests/unit/api/api_fixture.h"

namespace coffer::api {
namespace {

class ShiftedClock : public Clock {
 public:
  Timestamp now() const override { return {system_clock().now().microseconds + shift_seconds * 1'000'000}; }
  int64_t shift_seconds = 0;
};

struct SessionKey {
  std::string id, token;
  secret::SecretBytes secret;
};

class TemporaryCredentialsTest : public ApiFixture {
 protected:
  TemporaryCredentialsTest() {
    installation_ = std::make_unique<Installation>(Installation{"123456789012",
                                                                {"us-west-2"},
                                                                "i-0123456789abcdef0",
                                                                true,
                                                                clock_,
                                                                system_random(),
                                                                *catalog_,
                                                                keyd_,
                                                                volumed_});
    make_pipeline();
  }

  SessionKey session_token(int seconds) {
    auto request =
        sts("Action=GetSessionToken&Version=2011-06-15&DurationSeconds=" + std::to_string(seconds));
    sign(request, "sts", "us-west-2", nullptr, clock_.shift_seconds);
    const auto response = pipeline_->serve(std::move(request));
    EXPECT_EQ(response.status, 200) << response.body;
    return {xml_text(response, "AccessKeyId"), xml_text(response, "SessionToken"),
            secret::SecretBytes::copy_of(as_bytes(xml_text(response, "SecretAccessKey")))};
  }
  static wire::HttpRequest sts(const std::string& form) {
    return post("application/x-www-form-urlencoded; charset=utf-8", form);
  }
  wire::HttpResponse serve_with(const SessionKey& key, wire::HttpRequest request,
                                const std::string& service) {
    const auto status =
        wire::sign_request(request, {key.id, key.secret, key.token, "us-west-2", service}, clock_.now());
    EXPECT_TRUE(status);
    return pipeline_->serve(std::move(request));
  }

  ShiftedClock clock_;
};

TEST_F(TemporaryCredentialsTest, EndWhenTheyAreSaidTo) {
  const auto key = session_token(900);
  EXPECT_EQ(serve_with(key, kms_request("ListKeys", "{}"), "kms").status, 200);
  clock_.shift_seconds = 890;
  EXPECT_EQ(serve_with(key, kms_request("ListKeys", "{}"), "kms").status, 200);
  clock_.shift_seconds = 900;
  EXPECT_EQ(json_code(serve_with(key, kms_request("ListKeys", "{}"), "kms")), "ExpiredTokenException");
  const auto query = serve_with(key, sts("Action=GetCallerIdentity&Version=2011-06-15"), "sts");
  EXPECT_EQ(query.status, 403);
  EXPECT_EQ(xml_text(query, "Code"), "ExpiredToken");
  EXPECT_EQ(xml_text(query, "Message"), "The security token included in the request is expired");
  EXPECT_EQ(xml_text(serve_with(key, ec2_request("DescribeVolumes"), "ec2"), "Code"), "RequestExpired");
}

TEST_F(TemporaryCredentialsTest, AreForgottenADayAfterTheirEnd) {
  const auto key = session_token(900);
  clock_.shift_seconds = 900 + 23 * 3600;
  session_token(900);
  EXPECT_EQ(json_code(serve_with(key, kms_request("ListKeys", "{}"), "kms")), "ExpiredTokenException");
  clock_.shift_seconds = 901 + 24 * 3600;
  session_token(900);
  EXPECT_EQ(json_code(serve_with(key, kms_request("ListKeys", "{}"), "kms")), "UnrecognizedClientException");
}

TEST_F(TemporaryCredentialsTest, OfTheRootUserLastAnHourAtMost) {
  const auto key = session_token(129600);
  clock_.shift_seconds = 3601;
  EXPECT_EQ(json_code(serve_with(key, kms_request("ListKeys", "{}"), "kms")), "ExpiredTokenException");
}

TEST_F(TemporaryCredentialsTest, TheTokenAndTheSecretLieNowhereInTheClear) {
  const auto key = session_token(900);
  Bytes digest;
  EXPECT_TRUE(catalog_->read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.session(key.id));
    digest = row->token_digest;
    return {};
  }));
  EXPECT_EQ(digest.size(), 32u);
  const auto file = read_file(system_disk(), folder_ / "catalog.db-wal", 64 << 20);
  ASSERT_TRUE(file);
  const std::string_view stored = as_text(*file);
  EXPECT_NE(stored.find(key.id), std::string_view::npos);
  EXPECT_EQ(stored.find(key.token), std::string_view::npos);
  EXPECT_EQ(stored.find(as_text(key.secret.read(secret::RawAccess::because("the test looks for it")))),
            std::string_view::npos);
}

// Which service is meant: by host, by signature, by version.
TEST_F(TemporaryCredentialsTest, FormsOfTheSameActionReachTheServiceThatIsMeant) {
  auto by_signature = sts("Action=GetCallerIdentity");
  sign(by_signature, "sts");
  EXPECT_EQ(pipeline_->serve(std::move(by_signature)).status, 200);
  auto unsigned_by_version = sts("Action=GetCallerIdentity&Version=2011-06-15");
  EXPECT_EQ(xml_text(pipeline_->serve(std::move(unsigned_by_version)), "Code"), "MissingAuthenticationToken");
  auto unsigned_of_ec2 = sts("Action=DescribeVolumes");
  EXPECT_EQ(xml_text(pipeline_->serve(std::move(unsigned_of_ec2)), "Code"), "MissingParameter");
  auto by_host = sts("Action=GetUser&Version=2010-05-08");
  by_host.headers.set("Host", "iam.amazonaws.com");
  sign(by_host, "iam", "us-east-1");
  EXPECT_EQ(pipeline_->serve(std::move(by_host)).status, 200);
  auto elsewhere = sts("Action=GetUser&Version=2010-05-08");
  sign(elsewhere, "iam", "eu-north-1");
  EXPECT_EQ(xml_text(pipeline_->serve(std::move(elsewhere)), "Code"), "SignatureDoesNotMatch");
  auto unknown = sts("Action=MakeCoffee&Version=2011-06-15");
  sign(unknown, "sts");
  EXPECT_EQ(xml_text(pipeline_->serve(std::move(unknown)), "Code"), "InvalidAction");
}

}  // namespace
}  // namespace coffer::api
