// SPDX-License-Identifier: Apache-2.0
// Does the check accept exactly what was signed, and say in AWS's words why it refuses the rest?
#include "wire/sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
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

AuthStatus check(const HttpRequest& request, const secret::SecretBytes& key, Timestamp now) {
  const auto claim = parse_claim(request);
  if (!claim) return tl::unexpected(claim.error());
  if (!*claim) return tl::unexpected(missing_authentication());
  return verify(request, **claim, key, {now});
}

// Facts from AWS's published Signature Version 4 test suite (aws-sig-v4-test-suite).
struct SuiteCase {
  const char* name;
  const char* method;
  const char* target;
  std::vector<std::pair<std::string, std::string>> headers;  // beside Host and X-Amz-Date
  const char* body;
  const char* signed_headers;
  const char* signature;
};

const std::vector<SuiteCase>& suite() {
  static const std::vector<SuiteCase> cases = {
      {"get-header-key-duplicate",
       "GET",
       "/",
       {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
       "",
       "host;my-header1;x-amz-date",
       "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
      {"get-header-value-order",
       "GET",
       "/",
       {{"My-Header1", "value4"},
        {"My-Header1", "value1"},
        {"My-Header1", "value3"},
        {"My-Header1", "value2"}},
       "",
       "host;my-header1;x-amz-date",
       "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
      {"get-header-value-trim",
       "GET",
       "/",
       {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
       "",
       "host;my-header1;my-header2;x-amz-date",
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {"get-unreserved",
       "GET",
       "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
       {},
       "",
       "host;x-amz-date",
       "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
      {"get-utf8",
       "GET",
       "/\341\210\264",
       {},
       "",
       "host;x-amz-date",
       "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
      {"get-vanilla-empty-query-key",
       "GET",
       "/?Param1=value1",
       {},
       "",
       "host;x-amz-date",
       "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
      {"get-vanilla-query-order-key-case",
       "GET",
       "/?Param2=value2&Param1=value1",
       {},
       "",
       "host;x-amz-date",
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"get-vanilla-query-order-key",
       "GET",
       "/?Param1=value2&Param1=Value1",
       {},
       "",
       "host;x-amz-date",
       "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
      {"get-vanilla-query-order-value",
       "GET",
       "/?Param1=value2&Param1=value1",
       {},
       "",
       "host;x-amz-date",
       "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
      {"get-vanilla-query-unreserved",
       "GET",
       "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~"
       "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
       {},
       "",
       "host;x-amz-date",
       "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
      {"get-vanilla-query",
       "GET",
       "/",
       {},
       "",
       "host;x-amz-date",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-vanilla-utf8-query",
       "GET",
       "/?\341\210\264=bar",
       {},
       "",
       "host;x-amz-date",
       "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
      {"get-vanilla",
       "GET",
       "/",
       {},
       "",
       "host;x-amz-date",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-relative-relative",
       "GET",
       "/example1/example2/../..",
       {},
       "",
       "host;x-amz-date",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-relative",
       "GET",
       "/example/..",
       {},
       "",
       "host;x-amz-date",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-slash-dot-slash",
       "GET",
       "/./",
       {},
       "",
       "host;x-amz-date",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-slash-pointless-dot",
       "GET",
       "/./example",
       {},
       "",
       "host;x-amz-date",
       "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
      {"get-slash",
       "GET",
       "//",
       {},
       "",
       "host;x-amz-date",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-slashes",
       "GET",
       "//example//",
       {},
       "",
       "host;x-amz-date",
       "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
      {"get-space",
       "GET",
       "/example space/",
       {},
       "",
       "host;x-amz-date",
       "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
      {"post-header-key-case",
       "POST",
       "/",
       {},
       "",
       "host;x-amz-date",
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-header-key-sort",
       "POST",
       "/",
       {{"My-Header1", "value1"}},
       "",
       "host;my-header1;x-amz-date",
       "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
      {"post-header-value-case",
       "POST",
       "/",
       {{"My-Header1", "VALUE1"}},
       "",
       "host;my-header1;x-amz-date",
       "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
      {"post-sts-header-after",
       "POST",
       "/",
       {},
       "",
       "host;x-amz-date",
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-sts-header-before",
       "POST",
       "/",
       {{"X-Amz-Security-Token",
         "AQoDYXdzEPT//////////"
         "wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI"
         "/qkPpKPi/"
         "kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY"
         "9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+"
         "scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="}},
       "",
       "host;x-amz-date;x-amz-security-token",
       "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
      {"post-vanilla-empty-query-value",
       "POST",
       "/?Param1=value1",
       {},
       "",
       "host;x-amz-date",
       "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
      {"post-vanilla-query",
       "POST",
       "/?Param1=value1",
       {},
       "",
       "host;x-amz-date",
       "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
      {"post-vanilla",
       "POST",
       "/",
       {},
       "",
       "host;x-amz-date",
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-x-www-form-urlencoded-parameters",
       "POST",
       "/",
       {{"Content-Type", "application/x-www-form-urlencoded; charset=utf8"}},
       "Param1=value1",
       "content-type;host;x-amz-date",
       "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
      {"post-x-www-form-urlencoded",
       "POST",
       "/",
       {{"Content-Type", "application/x-www-form-urlencoded"}},
       "Param1=value1",
       "content-type;host;x-amz-date",
       "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
  };
  return cases;
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
  AuthStatus verified(Timestamp now) const {
    return check(request_, derive_signing_key(the_secret(), {"20150830", "us-west-2", "kms"}), now);
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

TEST(CanonicalPath, LeavesS3PathsAlone) {
  EXPECT_EQ(canonical_path("/a/../b//c%20d", true), "/a/../b//c%20d");
  EXPECT_EQ(canonical_path("/a/../b//c%20d", false), "/b/c%2520d");
}

}  // namespace
}  // namespace coffer::wire
