// SPDX-License-Identifier: Apache-2.0
// Does the check accept exactly what was signed, and say in AWS's words why it refuses the rest?
#include "wire/sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "tests/unit/wire/sigv4_suite_cases.h"
#include "wire/sigv4_canonical.h"
#include "wire/sigv4_sign.h"

namespace coffer::wire {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// The identity and the time of AWS's published test suite.
constexpr std::string_view kAccessKeyId = "AKIDEXAMPLE";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr std::string_view kTime = "20150830T123600Z";

secret::SecretBytes the_secret() {
  return secret::SecretBytes::copy_of(as_bytes(kSecret));
}
secret::SecretBytes suite_key() {
  return derive_signing_key(the_secret(), {"20150830", "us-east-1", "service"});
}
Timestamp at(std::string_view text) {
  return *parse_basic_iso8601(text);
}
Timestamp later(Timestamp time, int64_t seconds) {
  return {time.microseconds + seconds * 1000000};
}

HttpRequest make_request(std::string method, std::string target,
                         std::vector<std::pair<std::string, std::string>> headers, std::string_view body) {
  HttpRequest request;
  request.method = std::move(method);
  request.set_target(std::move(target));
  for (auto& [name, value] : headers) request.headers.add(std::move(name), std::move(value));
  request.body = to_bytes(body);
  return request;
}

AuthStatus check(const HttpRequest& request, const secret::SecretBytes& key, Timestamp now,
                 SigV4Rules rules = {}) {
  const auto claim = parse_claim(request);
  if (!claim) return tl::unexpected(claim.error());
  if (!*claim) return tl::unexpected(missing_authentication());
  rules.now = now;
  return verify(request, **claim, key, rules);
}

HttpRequest suite_request(const SuiteCase& example) {
  HttpRequest request = make_request(example.method, example.target, example.headers, example.body);
  request.headers.add("Host", "example.amazonaws.com");
  request.headers.add("X-Amz-Date", std::string(kTime));
  request.headers.add("Authorization",
                      fmt::format("AWS4-HMAC-SHA256 Credential={}/20150830/us-east-1/service/aws4_request, "
                                  "SignedHeaders={}, Signature={}",
                                  kAccessKeyId, example.signed_headers, example.signature));
  return request;
}

TEST(SigV4Suite, AcceptsEachPublishedSignature) {
  const auto key = suite_key();
  for (const SuiteCase& example : suite()) {
    const auto status = check(suite_request(example), key, at(kTime));
    EXPECT_TRUE(status) << example.name << ": " << status.error().message;
  }
}

TEST(SigV4Suite, RefusesEachWhenAnythingSignedChanges) {
  const auto key = suite_key();
  for (const SuiteCase& example : suite()) {
    const HttpRequest original = suite_request(example);
    std::vector<HttpRequest> changed(5, original);
    changed[0].method = "PUT";
    changed[1].set_target("/changed");
    changed[2].set_target(original.target + (original.query.empty() ? "?" : "&") + "extra=1");
    changed[3].body.push_back('x');
    changed[4].headers.set("Host", "other.amazonaws.com");
    for (size_t i = 0; i < changed.size(); ++i) {
      const auto status = check(changed[i], key, at(kTime));
      ASSERT_FALSE(status) << example.name << " change " << i;
      EXPECT_EQ(status.error().reason, AuthReason::kMismatch) << example.name << " change " << i;
    }
  }
}

class SigV4Test : public testing::Test {
 protected:
  SigV4Test() {
    request_ = make_request("POST", "/",
                            {{"Host", "kms.us-west-2.amazonaws.com"},
                             {"Content-Type", "application/x-amz-json-1.1"},
                             {"X-Amz-Target", "TrentService.ListKeys"}},
                            "{}");
  }
  void sign(std::string session_token = {}) {
    const auto secret = the_secret();
    const auto status = sign_request(
        request_, {std::string(kAccessKeyId), secret, std::move(session_token), "us-west-2", "kms"}, now_);
    ASSERT_TRUE(status) << status.error().message;
  }
  void presign(int64_t seconds) {
    const auto secret = the_secret();
    ASSERT_TRUE(presign_request(request_, {std::string(kAccessKeyId), secret, "", "us-west-2", "kms"}, now_,
                                seconds));
  }
  AuthStatus verified(Timestamp now, SigV4Rules rules = {}) const {
    return check(request_, derive_signing_key(the_secret(), {"20150830", "us-west-2", "kms"}), now, rules);
  }
  AuthFailure failure() const {
    const auto claim = parse_claim(request_);
    return claim ? AuthFailure{AuthReason::kMismatch, "no failure"} : claim.error();
  }
  void authorization(std::string value) { request_.headers.set("Authorization", std::move(value)); }

  Timestamp now_ = at(kTime);
  HttpRequest request_;
};

TEST_F(SigV4Test, ParsesAllPartsOfAClaim) {
  sign("the-token");
  const auto claim = parse_claim(request_);
  ASSERT_TRUE(claim && *claim);
  EXPECT_EQ((*claim)->access_key_id, kAccessKeyId);
  EXPECT_EQ((*claim)->date, "20150830");
  EXPECT_EQ((*claim)->region, "us-west-2");
  EXPECT_EQ((*claim)->service, "kms");
  EXPECT_EQ((*claim)->session_token, "the-token");
  EXPECT_EQ((*claim)->timestamp, now_);
  EXPECT_FALSE((*claim)->presigned);
  EXPECT_THAT((*claim)->signed_headers, testing::ElementsAre("content-type", "host", "x-amz-date",
                                                             "x-amz-security-token", "x-amz-target"));
  EXPECT_TRUE(verified(now_));
}

TEST_F(SigV4Test, AnUnsignedRequestHasNoClaim) {
  EXPECT_TRUE(parse_claim(request_) && !*parse_claim(request_));
  for (const char* other : {"Basic dXNlcjpwYXNz", "Bearer token", "AWS AKIDEXAMPLE:c2ln"}) {
    authorization(other);
    EXPECT_TRUE(parse_claim(request_) && !*parse_claim(request_)) << other;
  }
}

TEST_F(SigV4Test, RefusesAnotherKeyOrAnyOtherSignature) {
  sign();
  ASSERT_TRUE(verified(now_));
  const auto other_secret = secret::SecretBytes::copy_of(as_bytes("another secret"));
  EXPECT_FALSE(check(request_, derive_signing_key(other_secret, {"20150830", "us-west-2", "kms"}), now_));
  EXPECT_FALSE(check(request_, derive_signing_key(the_secret(), {"20150830", "us-east-1", "kms"}), now_));
  EXPECT_FALSE(check(request_, derive_signing_key(the_secret(), {"20150830", "us-west-2", "ec2"}), now_));

  const std::string good(request_.headers.value_or("Authorization", ""));
  for (const size_t from_end : {size_t{1}, size_t{30}, size_t{64}}) {
    std::string bad = good;
    char& digit = bad[bad.size() - from_end];
    digit = digit == '0' ? '1' : '0';
    authorization(bad);
    EXPECT_EQ(verified(now_).error().reason, AuthReason::kMismatch);
  }
  authorization(good.substr(0, good.size() - 1));
  EXPECT_EQ(verified(now_).error().reason, AuthReason::kMismatch);
  authorization(good);
  EXPECT_TRUE(verified(now_));
}

TEST_F(SigV4Test, AllowsFiveMinutesOfSkewAndNoMore) {
  sign();
  EXPECT_TRUE(verified(later(now_, 300)));
  EXPECT_TRUE(verified(later(now_, -300)));
  const auto expired = verified(later(now_, 301));
  ASSERT_FALSE(expired);
  EXPECT_EQ(expired.error().reason, AuthReason::kExpired);
  EXPECT_EQ(
      expired.error().message,
      "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)");
  const auto early = verified(later(now_, -301));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().reason, AuthReason::kNotYetCurrent);
  EXPECT_EQ(
      early.error().message,
      "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + "
      "5 min.)");
}

TEST_F(SigV4Test, APresignedRequestLastsUntilItExpires) {
  request_ = make_request("GET", "/?Action=DescribeKey&x=a%20b", {{"Host", "h.amazonaws.com"}}, "");
  presign(3600);
  const auto claim = parse_claim(request_);
  ASSERT_TRUE(claim && *claim);
  EXPECT_TRUE((*claim)->presigned);
  EXPECT_TRUE(verified(later(now_, 3600)));
  EXPECT_THAT(verified(later(now_, 3601)).error().message, HasSubstr("- 60 min.)"));
  EXPECT_EQ(verified(later(now_, -301)).error().reason, AuthReason::kNotYetCurrent);
  HttpRequest changed = request_;
  changed.set_target(changed.target + "&y=1");
  std::swap(changed, request_);
  EXPECT_EQ(verified(now_).error().reason, AuthReason::kMismatch);
}

TEST_F(SigV4Test, RefusesAPresignedRequestThatLastsTooLong) {
  request_ = make_request("GET", "/", {{"Host", "h"}}, "");
  presign(604801);
  EXPECT_EQ(failure().reason, AuthReason::kIncomplete);
  EXPECT_THAT(failure().message, HasSubstr("604800 seconds"));
}

TEST_F(SigV4Test, NamesEachMissingPartOfTheHeader) {
  authorization("AWS4-HMAC-SHA256 Foo=Bar");
  EXPECT_EQ(failure().reason, AuthReason::kIncomplete);
  EXPECT_THAT(
      failure().message,
      StartsWith("Authorization header requires 'Credential' parameter. Authorization header requires "
                 "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. "
                 "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
                 "(Hashed with SHA-256 and encoded with Base64) Authorization="));
  authorization("AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=00");
  EXPECT_THAT(failure().message, StartsWith("Authorization header requires existence of either"));
  authorization("AWS4-HMAC-SHA256 nonsense");
  EXPECT_THAT(failure().message, StartsWith("Invalid key=value pair (missing equal-sign)"));
  authorization("AWS4-HMAC-SHA1 Credential=a");
  EXPECT_EQ(failure().message, "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'.");
}

TEST_F(SigV4Test, NamesEachMissingPartOfAPresignedQuery) {
  request_.set_target("/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x");
  EXPECT_EQ(
      failure().message,
      "AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include "
      "'X-Amz-SignedHeaders'. AWS query-string parameters must include 'X-Amz-Date'. Re-examine the "
      "query-string parameters.");
}

TEST_F(SigV4Test, RefusesTwoAuthorisationsAtOnce) {
  sign();
  request_.set_target("/?X-Amz-Algorithm=AWS4-HMAC-SHA256");
  EXPECT_EQ(failure().reason, AuthReason::kMismatch);
  EXPECT_THAT(failure().message, HasSubstr("Found both"));
}

TEST_F(SigV4Test, RefusesAWrongScope) {
  request_.headers.set("X-Amz-Date", std::string(kTime));
  const auto with = [&](std::string_view credential) {
    authorization(fmt::format("AWS4-HMAC-SHA256 Credential={}, SignedHeaders=host;x-amz-target, Signature=00",
                              credential));
    return failure();
  };
  EXPECT_EQ(
      with("AKIDEXAMPLE").message,
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
      "'AKIDEXAMPLE'");
  EXPECT_EQ(with("AKID/20150830//kms/aws4_request").reason, AuthReason::kIncomplete);
  EXPECT_EQ(with("AKID/20150830/r/kms/aws5_request").message,
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. ");
  EXPECT_EQ(
      with("AKID/20150829/r/kms/aws4_request").message,
      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' "
      "!= '20150830', from '20150830T123600Z'.");
  EXPECT_EQ(with("AKID/20150829/r/kms/aws4_request").reason, AuthReason::kScope);
}

TEST_F(SigV4Test, RequiresHostTargetAndTokenToBeSigned) {
  request_.headers.set("X-Amz-Date", std::string(kTime));
  const auto with = [&](std::string_view signed_headers) {
    authorization(
        fmt::format("AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders={}, Signature=00",
                    signed_headers));
    return failure().message;
  };
  EXPECT_EQ(with("x-amz-date;x-amz-target"),
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  EXPECT_EQ(with("host;x-amz-date"), "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.");
  request_.headers.add("X-Amz-Security-Token", "t");
  EXPECT_EQ(with("host;x-amz-target"),
            "'X-Amz-Security-Token' must be a 'SignedHeader' in the AWS Authorization.");
  EXPECT_EQ(with("host;x-amz-target;x-amz-security-token"), "no failure");
}

// Fields of one name are signed as one with commas, and blanks as one blank: the signature holds for both.
TEST_F(SigV4Test, RefusesASessionTokenThatTheSignatureDoesNotFix) {
  sign("abc,def");
  EXPECT_TRUE(verified(now_));
  request_.headers.set("X-Amz-Security-Token", "abc");
  request_.headers.add("X-Amz-Security-Token", "def");
  EXPECT_EQ(failure().reason, AuthReason::kInvalidToken);
  request_.headers.set("X-Amz-Security-Token", "abc,def ");
  EXPECT_EQ(failure().reason, AuthReason::kInvalidToken);
}

TEST_F(SigV4Test, RefusesTwoSessionTokensInAQuery) {
  request_.headers.remove("X-Amz-Target");
  request_.set_target("/?X-Amz-Security-Token=a");
  presign(60);
  ASSERT_TRUE(verified(now_));
  EXPECT_EQ((*parse_claim(request_))->session_token, "a");
  request_.set_target("/?X-Amz-Security-Token=a&X%2DAmz-Security-Token=b");
  presign(60);
  EXPECT_EQ(failure().reason, AuthReason::kInvalidToken);
}

TEST_F(SigV4Test, ReadsTheDateHeaderInEitherForm) {
  for (const char* date :
       {"Sun, 30 Aug 2015 12:36:00 GMT", "Sun, 30 Aug 2015 12:36:00 -0000", "20150830T123600Z"}) {
    request_.headers.set("Date", date);
    authorization(
        "AWS4-HMAC-SHA256 "
        "Credential=A/20150830/r/s/aws4_request,SignedHeaders=host;x-amz-target,Signature=0");
    const auto claim = parse_claim(request_);
    ASSERT_TRUE(claim && *claim) << date;
    EXPECT_EQ((*claim)->timestamp, now_) << date;
  }
  for (const char* date :
       {"yesterday", "20150230T123600Z", "2015-08-30T12:36:00Z", "Sun, 30 Aug 2015 12:36:00 CET"}) {
    request_.headers.set("Date", date);
    EXPECT_THAT(failure().message, StartsWith("Date must be in ISO-8601 'basic format'. Got '")) << date;
  }
}

TEST_F(SigV4Test, RefusesADeclaredHashThatIsNotTheBodys) {
  request_.headers.add("X-Amz-Content-Sha256", hex(Bytes(32)));
  sign();
  EXPECT_EQ(verified(now_).error().reason, AuthReason::kMismatch);
  request_.headers.set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD");
  sign();
  EXPECT_EQ(verified(now_).error().reason, AuthReason::kMismatch);
}

TEST_F(SigV4Test, AllowsAnUnsignedPayloadWhereTheOperationDoes) {
  SigV4Rules rules;
  rules.unsigned_payload = true;
  request_.headers.add("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD");
  sign();
  EXPECT_TRUE(verified(now_, rules));
  request_.body = to_bytes("another body");
  EXPECT_TRUE(verified(now_, rules));
  EXPECT_EQ(verified(now_).error().reason, AuthReason::kMismatch);
  // The wish is the signer's: nobody else can utter it.
  request_.headers.remove("X-Amz-Content-Sha256");
  EXPECT_EQ(verified(now_, rules).error().reason, AuthReason::kMismatch);
  sign();
  EXPECT_TRUE(verified(now_, rules));
  request_.headers.add("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD");
  EXPECT_EQ(verified(now_, rules).error().reason, AuthReason::kMismatch);
}

TEST_F(SigV4Test, RequiresHeadersWithParametersToBeSigned) {
  SigV4Rules rules;
  rules.parameters_in_headers = true;
  request_.headers.add("X-Amz-Checksum", "one");
  sign();
  EXPECT_TRUE(verified(now_, rules));
  request_.headers.add("X-Amz-Progress", "50");
  EXPECT_TRUE(verified(now_));
  const auto refused = verified(now_, rules);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "'X-Amz-Progress' must be a 'SignedHeader' in the AWS Authorization.");
}

TEST_F(SigV4Test, RefusesAMalformedQuery) {
  request_.set_target("/?a=%zz");
  EXPECT_EQ(failure().reason, AuthReason::kMalformedQuery);
}

TEST_F(SigV4Test, EchoesNothingUnprintable) {
  request_.headers.set("X-Amz-Date", "\xff\x01" + std::string(5000, 'x'));
  authorization(
      "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request,SignedHeaders=host;x-amz-target,Signature=0");
  const std::string message = failure().message;
  EXPECT_LT(message.size(), 500u);
  EXPECT_EQ(message.find_first_of("\xff\x01"), std::string::npos);
}

TEST(SigV4Time, IsWhatTheCLibraryMakesOfIt) {
  for (time_t day = 0; day < 60000; ++day) {
    const time_t seconds = day * 86400 + day * 7919 % 86400;
    tm parts{};
    gmtime_r(&seconds, &parts);
    char text[32];
    strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
    const auto time = parse_basic_iso8601(text);
    ASSERT_TRUE(time) << text;
    ASSERT_EQ(time->microseconds, static_cast<int64_t>(seconds) * 1'000'000) << text;
  }
}

TEST(SigV4Time, IsNothingForADayOrTimeThatThereIsNot) {
  for (const char* text :
       {"20150229T120000Z", "20150431T120000Z", "20151301T120000Z", "20150001T120000Z", "20150100T120000Z",
        "20150132T120000Z", "20150101T240000Z", "20150101T126000Z", "20150101T120061Z", "20151231T235960Z",
        "19691231T235959Z", "2015010aT120000Z", "20150101 120000Z", "20150101T120000", "20150101T1200000Z"})
    EXPECT_FALSE(parse_basic_iso8601(text)) << text;
  EXPECT_TRUE(parse_basic_iso8601("20160229T120000Z"));
  EXPECT_EQ(parse_basic_iso8601("20150101T120060Z"), parse_basic_iso8601("20150101T120100Z"));
}

TEST(CanonicalHeaders, FoldsBlanksAndJoinsValues) {
  HttpHeaders headers;
  headers.add("X-A", " \t one \t two\t");
  headers.add("Host", "h");
  headers.add("x-a", "three");
  headers.add("X-Empty", "  ");
  EXPECT_EQ(canonical_headers(headers, {"host", "x-a", "x-empty"}), "host:h\nx-a:one two,three\nx-empty:\n");
  EXPECT_EQ(canonical_headers(headers, {"host", "x-absent"}), std::nullopt);
  EXPECT_EQ(canonical_headers(headers, {}), "");
}

TEST(CanonicalPath, LeavesS3PathsAlone) {
  EXPECT_EQ(canonical_path("/a/../b//c%20d", true), "/a/../b//c%20d");
  EXPECT_EQ(canonical_path("/a/../b//c%20d", false), "/b/c%2520d");
}

}  // namespace
}  // namespace coffer::wire
