// SPDX-License-Identifier: Apache-2.0
// Are identity tokens taken apart as they should be, and verified by the keys of RFC 7515's examples?
#include "services/sts/json_web_token.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "services/sts/json_web_keys.h"

namespace coffer::services::sts {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string base64url(std::string_view text) {
  std::string encoded = base64(as_bytes(text));
  for (char& c : encoded) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return encoded.substr(0, encoded.find('='));
}

constexpr const char* kHeader = R"({"alg":"ES256","kid":"k"})";
constexpr const char* kClaims =
    R"({"iss":"https://i.example","sub":"s","aud":"a","exp":1800000000,"iat":1700000000})";

std::string token_of(std::string_view header, std::string_view claims, std::string_view signature = "c2ln") {
  return base64url(header) + "." + base64url(claims) + "." + std::string(signature);
}

std::string complaint(const std::string& text) {
  const auto token = parse_token(text);
  return token ? "accepted" : token.error().message;
}

// RFC 7515, appendices A.2 and A.3.
constexpr const char* kRfcKeys =
    R"({"keys":[{"kty":"EC","crv":"P-256","kid":"ec","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},{"kty":"RSA","kid":"rsa","e":"AQAB","n":)"
    R"("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-)"
    R"(SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-)"
    R"(UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2et)"
    R"(hFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}]})";
constexpr const char* kRfcClaims =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
constexpr const char* kRfcRsaSignature =
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJd"
    "bF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN938"
    "3LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkW"
    "ywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
constexpr const char* kRfcEcSignature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

JsonWebToken rfc_token(const std::string& algorithm, const char* header, const char* signature) {
  JsonWebToken token;
  token.algorithm = algorithm;
  token.signed_part = std::string(header) + "." + kRfcClaims;
  token.signature = *from_base64url(signature);
  return token;
}

TEST(JsonWebToken, IsTakenApart) {
  const auto token = parse_token(token_of(
      kHeader, R"({"iss":"https://i.example/p","sub":"s:1","aud":["a","b"],"azp":"a",)"
               R"("amr":["x","y"],"exp":1800000000.9,"iat":1700000000,"nbf":5,)"
               R"("https://aws.amazon.com/tags":{"principal_tags":{"team":["blue"],"x":["1"]},)"
               R"("transitive_tag_keys":["team"]},"https://aws.amazon.com/source_identity":"me@x"})"));
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(token->algorithm, "ES256");
  EXPECT_EQ(token->key_id, "k");
  EXPECT_EQ(token->issuer, "https://i.example/p");
  EXPECT_EQ(token->subject, "s:1");
  EXPECT_THAT(token->audiences, ElementsAre("a", "b"));
  EXPECT_EQ(token->authorized_party, "a");
  EXPECT_THAT(token->methods, ElementsAre("x", "y"));
  EXPECT_EQ(token->expires, 1800000000);
  EXPECT_EQ(token->issued, 1700000000);
  EXPECT_EQ(token->not_before, 5);
  EXPECT_THAT(token->tags, ElementsAre(std::pair("team", "blue"), std::pair("x", "1")));
  EXPECT_THAT(token->transitive_tags, ElementsAre("team"));
  EXPECT_EQ(token->source_identity, "me@x");
  EXPECT_EQ(token->signature, (Bytes{'s', 'i', 'g'}));
}

TEST(JsonWebToken, IsRefusedWithItsCause) {
  constexpr const char* kNone =
      "The ID Token provided is not a valid JWT. (You may see this error if you sent an "
      "Access Token)";
  EXPECT_EQ(complaint(token_of(kHeader, kClaims)), "accepted");
  EXPECT_EQ(complaint(""), kNone);
  EXPECT_EQ(complaint("a.b"), kNone);
  EXPECT_EQ(complaint(token_of(kHeader, kClaims) + ".x"), kNone);
  EXPECT_EQ(complaint(token_of(kHeader, kClaims, "")), kNone);
  EXPECT_EQ(complaint(token_of(kHeader, kClaims, "c2ln=")), kNone);
  EXPECT_EQ(complaint(token_of(kHeader, "[]")), kNone);
  EXPECT_EQ(complaint(token_of(R"({"alg":"ES256","crit":["b64"]})", kClaims)), kNone);
  EXPECT_EQ(complaint(token_of(kHeader, R"({"iss":"a","iss":"b"})")), kNone);
  EXPECT_EQ(complaint(token_of(kHeader, kClaims, std::string(kLongestToken, 'A'))), kNone);
  for (const char* algorithm : {"none", "HS256", "RS512", ""})
    EXPECT_THAT(complaint(token_of(fmt::format(R"({{"alg":"{}"}})", algorithm), kClaims)),
                HasSubstr("algorithm"));
}

TEST(JsonWebToken, HasEveryClaimThatIsAskedOfIt) {
  const std::string claims = kClaims;
  for (const std::string claim : {"iss", "sub", "aud", "exp", "iat"}) {
    std::string without = claims;
    without.replace(without.find("\"" + claim + "\""), claim.size() + 2, "\"x\"");
    EXPECT_EQ(complaint(token_of(kHeader, without)), "Missing a required claim: " + claim);
  }
  for (const char* time : {"-1", "\"1800000000\"", "1e99", "null"}) {
    std::string wrong = claims;
    wrong.replace(wrong.find("1800000000"), 10, time);
    EXPECT_EQ(complaint(token_of(kHeader, wrong)), "Missing a required claim: exp") << time;
  }
}

// A session must not be without what its issuer meant it to have.
TEST(JsonWebToken, IsRefusedForClaimsThatCannotBeHeeded) {
  for (const char* claim :
       {R"("https://aws.amazon.com/tags":{"transitive_tag_keys":["a"]},)",
        R"("https://aws.amazon.com/tags":{"principal_tags":{"b":["1"]},"transitive_tag_keys":["a"]},)",
        R"("https://aws.amazon.com/source_identity":"m",)",
        R"("https://aws.amazon.com/source_identity":"aws:me",)",
        R"("https://aws.amazon.com/source_identity":["me"],)"})
    EXPECT_NE(complaint(token_of(kHeader, std::string(kClaims).insert(1, claim))), "accepted") << claim;
}

TEST(JsonWebKeys, VerifyTheExamplesOfTheRfc) {
  const auto keys = parse_key_set(kRfcKeys);
  ASSERT_TRUE(keys) << keys.error().message;
  auto rsa = rfc_token("RS256", "eyJhbGciOiJSUzI1NiJ9", kRfcRsaSignature);
  auto ec = rfc_token("ES256", "eyJhbGciOiJFUzI1NiJ9", kRfcEcSignature);
  for (auto* token : {&rsa, &ec}) {
    EXPECT_TRUE(check_signature(*token, *keys).valid);
    token->signed_part.back() ^= 1;
    EXPECT_FALSE(check_signature(*token, *keys).valid);
    token->signed_part.back() ^= 1;
    token->signature.back() ^= 1;
    EXPECT_FALSE(check_signature(*token, *keys).valid);
    token->signature.pop_back();
    EXPECT_FALSE(check_signature(*token, *keys).valid);
  }
}

TEST(JsonWebKeys, AreChosenByTheirIdAndUsedByTheirOwnAlgorithm) {
  const auto keys = parse_key_set(kRfcKeys);
  ASSERT_TRUE(keys);
  auto token = rfc_token("ES256", "eyJhbGciOiJFUzI1NiJ9", kRfcEcSignature);
  token.key_id = "ec";
  EXPECT_TRUE(check_signature(token, *keys).valid);
  token.key_id = "another";
  EXPECT_FALSE(check_signature(token, *keys).knows_key);
  token.key_id = "rsa";
  EXPECT_FALSE(check_signature(token, *keys).knows_key);
  token.key_id = "ec";
  token.algorithm = "RS256";
  EXPECT_FALSE(check_signature(token, *keys).knows_key);
}

TEST(JsonWebKeys, LeaveOutWhatIsNotForSignatures) {
  for (const char* key :
       {R"({"kty":"oct","k":"AA"})", R"({"kty":"RSA","use":"enc","n":"AQ","e":"AQAB"})",
        R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA"})", R"({"kty":"RSA","n":"AQ","e":"AQAB"})",
        R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
        R"("y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"})"}) {
    const auto keys = parse_key_set(fmt::format(R"({{"keys":[{}]}})", key));
    ASSERT_FALSE(keys) << key;
    EXPECT_THAT(keys.error().message, HasSubstr("has no RSA key"));
  }
  EXPECT_FALSE(parse_key_set("[]"));
  EXPECT_FALSE(parse_key_set(R"({"keys":[1]})"));
  EXPECT_FALSE(parse_key_set(std::string(kLargestKeySet + 1, ' ')));
}

TEST(JsonWebKeys, AreKeptOnlyWhereNothingOfThemIsPrivate) {
  const std::string good = kRfcKeys;
  EXPECT_TRUE(accept_key_set(good));
  for (const char* key :
       {R"({"kty":"RSA","kid":"mine","n":"AQ","e":"AQAB","d":"SECRET"})",
        R"({"kty":"oct","kid":"mine","k":"SECRET"})", R"({"crv":"P-256","kid":"mine","x":"AQ","d":"SECRET"})",
        R"({"kty":"AKP","kid":"mine","pub":"AQ","priv":"SECRET"})",
        R"({"kty":"OKP","use":"enc","kid":"mine","x":"AQ","d":"SECRET"})"}) {
    const auto keys = accept_key_set(good.substr(0, good.rfind(']')) + "," + key + "]}");
    ASSERT_FALSE(keys) << key;
    EXPECT_THAT(keys.error().message, HasSubstr("key 3 of the set is a private key"));
    EXPECT_THAT(keys.error().message, ::testing::Not(HasSubstr("SECRET")));
    EXPECT_THAT(keys.error().message, ::testing::Not(HasSubstr("mine")));
  }
}

// A secret may stand under a name that nobody knows, in a key that counts, in one that does not, or beside.
TEST(JsonWebKeys, AreKeptWithoutWhatIsNotUsed) {
  const std::string key = R"({"kty":"EC","crv":"P-256","kid":"a \"b\" \u001b","alg":"ES256","use":"sig",)"
                          R"("x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                          R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")";
  const auto accepted = accept_key_set(
      R"({"pem":"SECRET","keys":[{"kty":"new","kid":"b","pem":"SECRET"},)" + key +
      R"(,"pem":"SECRET","n":"SECRET","e":{"d":"SECRET"}}],"more":{"kty":"EC","d":"SECRET"}})");
  ASSERT_TRUE(accepted);
  EXPECT_THAT(accepted->text, ::testing::Not(HasSubstr("SECRET")));
  EXPECT_THAT(accepted->text, HasSubstr(R"("alg":"ES256","use":"sig")"));
  const auto stored = parse_key_set(accepted->text);
  ASSERT_TRUE(stored);
  ASSERT_EQ(stored->size(), 1U);
  EXPECT_EQ(stored->front().id, "a \"b\" \x1b");
  EXPECT_EQ(stored->front().key.der(), accepted->keys.front().key.der());
  EXPECT_EQ(accept_key_set(accepted->text)->text, accepted->text);
}

TEST(JsonWebKeys, OfOneTypeHaveNamesOfTheirOwn) {
  const auto set = [](const char* first, const char* second) {
    return fmt::format(R"({{"keys":[{0},{{"kty":"{1}","kid":"a"}},{{"kty":"{2}","kid":"a"}}]}})",
                       R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                       R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
                       first, second);
  };
  EXPECT_TRUE(accept_key_set(set("RSA", "EC")));
  EXPECT_THAT(accept_key_set(set("EC", "EC")).error().message,
              HasSubstr("keys 2 and 3 of the set have one kid"));
}

}  // namespace
}  // namespace coffer::services::sts
