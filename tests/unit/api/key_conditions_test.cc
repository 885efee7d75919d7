// SPDX-License-Identifier: Apache-2.0
// Does every condition key of a KMS call decide about it, and every change of a policy, of a key or of its
// aliases about the very next call?
#include <functional>

#include "base/encoding.h"
#include "tests/unit/api/api_fixture.h"

namespace coffer::api {
namespace {

using nlohmann::json;

class KeyConditionsTest : public ApiFixture {
 protected:
  KeyConditionsTest() {
    key_ =
        call("CreateKey", {{"Tags", {{{"TagKey", "team"}, {"TagValue", "blue"}}}}})["KeyMetadata"]["KeyId"];
    call("CreateAlias", {{"AliasName", "alias/a"}, {"TargetKeyId", key_}});
    blob_ = call("Encrypt", {{"KeyId", key_}, {"Plaintext", "eA=="}})["CiphertextBlob"];
  }

  // The answer, or the error's code in "__type".
  json call(const std::string& operation, const json& request) {
    return json::parse(serve_kms(operation, request.dump()).body, nullptr, false);
  }
  bool allowed(const std::string& operation, const json& request) {
    const json answer = call(operation, request);
    if (!answer.contains("__type")) return true;
    EXPECT_EQ(answer["__type"], "AccessDeniedException") << answer;
    return false;
  }
  // The account may do everything, but for `denied` only what has the condition.
  void put_policy(const json& condition, const json& denied) {
    const json policy = {{"Version", "2012-10-17"},
                         {"Statement",
                          {{{"Effect", "Allow"},
                            {"Principal", {{"AWS", "123456789012"}}},
                            {"Action", "kms:*"},
                            {"Resource", "*"}},
                           {{"Effect", "Deny"},
                            {"Principal", "*"},
                            {"Action", denied},
                            {"Resource", "*"},
                            {"Condition", condition}}}}};
    const auto response = serve_kms("PutKeyPolicy", json{{"KeyId", key_}, {"Policy", policy.dump()}}.dump());
    ASSERT_EQ(response.status, 200) << response.body;
  }

  std::string key_, blob_;
};

TEST_F(KeyConditionsTest, EachDecidesAboutTheNextCall) {
  const json denied = {"kms:GenerateDataKey", "kms:Encrypt", "kms:Decrypt"};
  const std::pair<const char*, const char*> keys[] = {{"kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT"},
                                                      {"kms:CallerAccount", "123456789012"},
                                                      {"kms:KeySpec", "SYMMETRIC_DEFAULT"},
                                                      {"kms:KeyUsage", "ENCRYPT_DECRYPT"},
                                                      {"kms:KeyOrigin", "AWS_KMS"},
                                                      {"kms:MultiRegion", "false"},
                                                      {"kms:ResourceAliases", "alias/a"},
                                                      {"aws:ResourceAccount", "123456789012"},
                                                      {"aws:ResourceTag/team", "blue"},
                                                      {"aws:PrincipalArn", "arn:aws:iam::123456789012:root"},
                                                      {"aws:PrincipalAccount", "123456789012"},
                                                      {"aws:PrincipalType", "Account"},
                                                      {"aws:PrincipalIsAWSService", "false"},
                                                      {"aws:userid", "123456789012"},
                                                      {"aws:ViaAWSService", "false"},
                                                      {"aws:SecureTransport", "false"},
                                                      {"aws:SourceIp", "127.0.0.1"},
                                                      {"aws:UserAgent", "test"},
                                                      {"aws:RequestedRegion", "us-west-2"}};
  const json data_key = {{"KeyId", key_}, {"KeySpec", "AES_256"}};
  const json encryption = {{"KeyId", key_}, {"Plaintext", "eA=="}};
  const json decryption = {{"CiphertextBlob", blob_}};
  for (const auto& [name, value] : keys) {
    for (const bool holds : {true, false, true}) {
      put_policy({{"StringNotEquals", {{name, holds ? value : "something else"}}}}, denied);
      EXPECT_EQ(allowed("GenerateDataKey", data_key), holds) << name;
      EXPECT_EQ(allowed("Encrypt", encryption), holds) << name;
      EXPECT_EQ(allowed("Decrypt", decryption), holds) << name;
    }
  }
}

TEST_F(KeyConditionsTest, WhatTheRequestSaysDecides) {
  const json with = {{"KeyId", key_}, {"KeySpec", "AES_256"}, {"EncryptionContext", {{"Purpose", "test"}}}};
  const json without = {{"KeyId", key_}, {"KeySpec", "AES_256"}};
  put_policy({{"StringNotEquals", {{"kms:EncryptionContext:purpose", "test"}}}}, "kms:GenerateDataKey");
  EXPECT_TRUE(allowed("GenerateDataKey", with));
  EXPECT_FALSE(allowed("GenerateDataKey", without));
  put_policy({{"Null", {{"kms:EncryptionContextKeys", "true"}}}}, "kms:GenerateDataKey");
  EXPECT_TRUE(allowed("GenerateDataKey", with));
  EXPECT_FALSE(allowed("GenerateDataKey", without));
  put_policy({{"StringNotEquals", {{"kms:RequestAlias", "alias/a"}}}}, "kms:GenerateDataKey");
  EXPECT_FALSE(allowed("GenerateDataKey", without));
  EXPECT_TRUE(allowed("GenerateDataKey", {{"KeyId", "alias/a"}, {"KeySpec", "AES_256"}}));
}

TEST_F(KeyConditionsTest, ReEncryptHasThatOfItsTwoKeys) {
  const json request = {{"CiphertextBlob", blob_}, {"DestinationKeyId", key_}};
  put_policy({{"Bool", {{"kms:ReEncryptOnSameKey", "true"}}}}, {"kms:ReEncryptTo"});
  EXPECT_FALSE(allowed("ReEncrypt", request));
  put_policy({{"Bool", {{"kms:ReEncryptOnSameKey", "false"}}}}, {"kms:ReEncryptFrom", "kms:ReEncryptTo"});
  EXPECT_TRUE(allowed("ReEncrypt", request));
  put_policy({{"StringEquals", {{"kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT"}}}}, {"kms:ReEncryptTo"});
  EXPECT_FALSE(allowed("ReEncrypt", request));
}

TEST_F(KeyConditionsTest, AChangedKeyIsAnotherForTheNextCall) {
  const json request = {{"KeyId", key_}, {"KeySpec", "AES_256"}};
  put_policy({{"StringNotEquals", {{"aws:ResourceTag/team", "blue"}}}}, "kms:GenerateDataKey");
  EXPECT_TRUE(allowed("GenerateDataKey", request));
  call("TagResource", {{"KeyId", key_}, {"Tags", {{{"TagKey", "team"}, {"TagValue", "red"}}}}});
  EXPECT_FALSE(allowed("GenerateDataKey", request));
  put_policy({{"ForAnyValue:StringEquals", {{"kms:ResourceAliases", "alias/b"}}}}, "kms:GenerateDataKey");
  EXPECT_TRUE(allowed("GenerateDataKey", request));
  call("CreateAlias", {{"AliasName", "alias/b"}, {"TargetKeyId", key_}});
  EXPECT_FALSE(allowed("GenerateDataKey", request));
  call("DeleteAlias", {{"AliasName", "alias/b"}});
  EXPECT_TRUE(allowed("GenerateDataKey", request));
  call("DisableKey", {{"KeyId", key_}});
  EXPECT_EQ(call("GenerateDataKey", request)["__type"], "DisabledException");
  call("EnableKey", {{"KeyId", key_}});
  EXPECT_TRUE(allowed("GenerateDataKey", request));
}

TEST_F(KeyConditionsTest, APolicyThatLocksItsAuthorOutIsTriedAsItWouldBe) {
  const json nobody = {{"Version", "2012-10-17"},
                       {"Statement",
                        {{{"Effect", "Allow"},
                          {"Principal", {{"AWS", "123456789012"}}},
                          {"Action", "kms:Encrypt"},
                          {"Resource", "*"}}}}};
  EXPECT_EQ(call("PutKeyPolicy", {{"KeyId", key_}, {"Policy", nobody.dump()}})["__type"],
            "MalformedPolicyDocumentException");
  EXPECT_TRUE(allowed("GenerateDataKey", {{"KeyId", key_}, {"KeySpec", "AES_256"}}));
}

TEST_F(KeyConditionsTest, ARotatedKeyTellsItsNewMaterialAtOnce) {
  const json request = {{"KeyId", key_}, {"KeySpec", "AES_256"}};
  const auto before = call("GenerateDataKey", request)["KeyMaterialId"];
  EXPECT_EQ(call("Decrypt", {{"CiphertextBlob", blob_}})["KeyMaterialId"], before);
  EXPECT_TRUE(call("RotateKeyOnDemand", {{"KeyId", key_}}).contains("KeyId"));
  const auto now = call("DescribeKey", {{"KeyId", key_}})["KeyMetadata"]["CurrentKeyMaterialId"];
  EXPECT_EQ(call("GenerateDataKey", request)["KeyMaterialId"], now);
  EXPECT_EQ(call("Decrypt", {{"CiphertextBlob", blob_}})["KeyMaterialId"], before);
}

}  // namespace
}  // namespace coffer::api
