// SPDX-License-Identifier: Apache-2.0
// KMS keys in a real PKCS#11 token: are they its own, do they stay in it, and is what it encrypts AES-GCM?
#include "sealer/hsm.h"

#include <gtest/gtest.h>

#include <set>

#include "sealer/hsm_dispatch.h"
#include "tests/support/bit_flips.h"
#include "tests/support/soft_hsm.h"

namespace coffer::sealer {
namespace {

using format::HsmLoginOutcome;
using format::HsmObjectId;
using format::sealer::HsmMessageView;
using secret::RawAccess;
using secret::SecretBytes;

constexpr HsmObjectId kKey = {1, 2, 3}, kOther = {4, 5, 6};
constexpr format::HsmIv kIv = {7, 7, 7};
const SecretBytes& pin() {
  static const SecretBytes kept = SecretBytes::copy_of(as_bytes(SoftHsm::kPin));
  return kept;
}

struct HsmTest : ::testing::Test {
  void SetUp() override {
    ASSERT_EQ(hsm->log_in(token.location(), pin()), HsmLoginOutcome::kLoggedIn);
    ASSERT_TRUE(hsm->generate({kKey, "the key"}));
  }
  // IV and all.
  Bytes encrypted(const HsmMessageView& message) {
    auto sealed = hsm->encrypt(message, plaintext);
    EXPECT_TRUE(sealed) << sealed.error().message;
    return sealed.value_or(Bytes{});
  }
  Result<SecretBytes> decrypted(const HsmMessageView& message, const Bytes& sealed) {
    return hsm->decrypt(message, ByteView(sealed).subspan(format::kHsmIvSize));
  }

  SoftHsm token;
  std::unique_ptr<Hsm> hsm = std::make_unique<Hsm>();
  const SecretBytes plaintext = SecretBytes::copy_of(as_bytes("a secret of some length"));
  const Bytes context = to_bytes(as_bytes("context"));
};

TEST_F(HsmTest, OpensWhatItSealed) {
  const Bytes sealed = encrypted({kKey, kIv, context});
  ASSERT_EQ(sealed.size(), format::kHsmIvSize + plaintext.size() + format::kTagSize);
  EXPECT_TRUE(std::equal(kIv.begin(), kIv.end(), sealed.begin()));
  const auto opened = decrypted({kKey, kIv, context}, sealed);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_TRUE(opened->equals(plaintext));
}

TEST_F(HsmTest, WhatDoesNotVerifyIsRefusedAndTheTokenGoesOn) {
  const Bytes sealed = encrypted({kKey, kIv, context});
  expect_every_flip_refused(Bytes(sealed.begin() + format::kHsmIvSize, sealed.end()), [&](ByteView bytes) {
    return status_of(hsm->decrypt({kKey, kIv, context}, bytes));
  });
  ASSERT_TRUE(hsm->generate({kOther, "another"}));
  const Bytes other_context = to_bytes(as_bytes("contexT"));
  for (const HsmMessageView& wrong :
       {HsmMessageView{kKey, kIv, other_context}, HsmMessageView{kKey, {1}, context},
        HsmMessageView{kOther, kIv, context}})
    EXPECT_EQ(decrypted(wrong, sealed).error().kind, ErrorKind::kRefusedCiphertext);
  EXPECT_FALSE(hsm->is_lost());
}

// A token of the same kind, behind a module that makes it fail (tests/support/failing_token.cc).
struct FailingTokenTest : HsmTest {
  void SetUp() override {
    failing.module = COFFER_FAILING_TOKEN;
    ASSERT_EQ(hsm->log_in(failing, pin()), HsmLoginOutcome::kLoggedIn);
    ASSERT_TRUE(hsm->generate({kKey, "the key"}));
  }
  void TearDown() override { behave(); }
  static void behave() {
    for (const char* name : {"FAILING_TOKEN_FAILS", "FAILING_TOKEN_SAYS"}) ::unsetenv(name);
  }
  format::HsmLocation failing = token.location();
};

TEST_F(FailingTokenTest, ATokenThatDiesIsNoWrongCiphertext) {
  for (const CK_RV code : {CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED, CKR_DEVICE_ERROR}) {
    hsm.reset();
    hsm = std::make_unique<Hsm>();
    ASSERT_EQ(hsm->log_in(failing, pin()), HsmLoginOutcome::kLoggedIn);
    const Bytes sealed = encrypted({kKey, kIv, context});
    ASSERT_TRUE(decrypted({kKey, kIv, context}, sealed));
    ::setenv("FAILING_TOKEN_FAILS", std::to_string(code).c_str(), 1);
    EXPECT_EQ(decrypted({kKey, kIv, context}, sealed).error().kind, ErrorKind::kUnavailable) << code;
    EXPECT_TRUE(hsm->is_lost()) << code;
    behave();
  }
}

// Once it has sealed its probe, and before.
TEST_F(FailingTokenTest, NorIsOneThatDiesAfterItHasRefusedSomething) {
  const Bytes sealed = encrypted({kKey, kIv, context});
  ::setenv("FAILING_TOKEN_SAYS", std::to_string(CKR_GENERAL_ERROR).c_str(), 1);
  EXPECT_EQ(decrypted({kKey, {1}, context}, sealed).error().kind, ErrorKind::kRefusedCiphertext);
  ::setenv("FAILING_TOKEN_FAILS", std::to_string(CKR_GENERAL_ERROR).c_str(), 1);
  EXPECT_EQ(decrypted({kKey, kIv, context}, sealed).error().kind, ErrorKind::kUnavailable);
}

TEST_F(FailingTokenTest, HoweverATokenSaysThatItDoesNotOpenItIsRefused) {
  const Bytes sealed = encrypted({kKey, kIv, context});
  for (const CK_RV code :
       {CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED, CKR_ARGUMENTS_BAD, CKR_ENCRYPTED_DATA_INVALID, CK_RV{0x42}}) {
    ::setenv("FAILING_TOKEN_SAYS", std::to_string(code).c_str(), 1);
    EXPECT_EQ(decrypted({kKey, {1}, context}, sealed).error().kind, ErrorKind::kRefusedCiphertext) << code;
    EXPECT_TRUE(decrypted({kKey, kIv, context}, sealed)) << code;
  }
  EXPECT_FALSE(hsm->is_lost());
}

// As any program that has the PIN would try it.
TEST_F(HsmTest, NobodyReadsTheKeyOutOfTheToken) {
  const std::string tool = std::string("pkcs11-tool --module ") + SoftHsm::kModule +
                           " --token-label vault --login --pin " + SoftHsm::kPin;
  const std::string out = token.folder() + "/read-out";
  const auto said = [&](const std::string& command) {
    (void)!::system((command + " >" + out + " 2>&1").c_str());
    std::ifstream file(out);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string listed = said(tool + " --list-objects --type secrkey");
  EXPECT_NE(listed.find("the key"), std::string::npos) << listed;
  EXPECT_NE(listed.find("never extractable"), std::string::npos) << listed;
  EXPECT_NE(listed.find("always sensitive"), std::string::npos) << listed;
  const std::string read = said(tool + " --read-object --type secrkey --label 'the key'");
  EXPECT_NE(read.find("error"), std::string::npos) << read;
  // The positive control: a key that may leave does.
  SoftHsm::run(tool + " --keygen --key-type AES:32 --label loose --extractable");
  SoftHsm::run(tool + " --read-object --type secrkey --label loose --output-file " + out + ".loose");
}

TEST_F(HsmTest, AKeyThatCouldBeReadOutIsNotUsed) {
  const std::string tool = std::string("pkcs11-tool --module ") + SoftHsm::kModule +
                           " --token-label vault --login --pin " + SoftHsm::kPin;
  SoftHsm::run(
      tool + " --keygen --key-type AES:32 --label loose --extractable --id 04050600000000000000000000000000");
  const auto refused = hsm->encrypt({kOther, kIv, context}, plaintext);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kPermissionDenied) << refused.error().message;
}

TEST_F(HsmTest, KeysSurviveANewLogin) {
  const Bytes sealed = encrypted({kKey, kIv, context});
  hsm.reset();
  hsm = std::make_unique<Hsm>();
  ASSERT_EQ(hsm->log_in(token.location(), pin()), HsmLoginOutcome::kLoggedIn);
  EXPECT_TRUE(decrypted({kKey, kIv, context}, sealed));
}

TEST_F(HsmTest, ADestroyedKeyIsGone) {
  const Bytes sealed = encrypted({kKey, kIv, context});
  ASSERT_TRUE(hsm->destroy(kKey));
  EXPECT_EQ(decrypted({kKey, kIv, context}, sealed).error().kind, ErrorKind::kNotFound);
  EXPECT_TRUE(hsm->destroy(kKey)) << "a second time is no error";
  EXPECT_FALSE(hsm->is_lost());
}

TEST_F(HsmTest, RandomBytesComeFromTheToken) {
  std::set<Bytes> seen;
  for (int i = 0; i < 20; ++i) {
    const auto random = hsm->random(32);
    ASSERT_TRUE(random);
    seen.insert(to_bytes(random->read(RawAccess::because("a test looks at random bytes"))));
  }
  EXPECT_EQ(seen.size(), 20u);
  EXPECT_EQ(hsm->random(0).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(hsm->random(1025).error().kind, ErrorKind::kInvalidArgument);
}

TEST(HsmLogin, TellsWhatIsWrong) {
  const SoftHsm token;
  const auto outcome = [&](format::HsmLocation location, std::string_view with) {
    return Hsm().log_in(location, SecretBytes::copy_of(as_bytes(with)));
  };
  EXPECT_EQ(outcome(token.location(), "wrongPIN1"), HsmLoginOutcome::kIncorrectPin);
  EXPECT_EQ(outcome({SoftHsm::kModule, "cellar", ""}, SoftHsm::kPin), HsmLoginOutcome::kNoToken);
  EXPECT_EQ(outcome({SoftHsm::kModule, "vault", "123"}, SoftHsm::kPin), HsmLoginOutcome::kNoToken);
  EXPECT_EQ(outcome({"/usr/bin/true", "vault", ""}, SoftHsm::kPin), HsmLoginOutcome::kNoModule);
  EXPECT_EQ(outcome({"/nowhere/module.so", "vault", ""}, SoftHsm::kPin), HsmLoginOutcome::kNoModule);
}

TEST(HsmDispatch, DoesNothingBeforeALogin) {
  HsmDispatch dispatch;
  format::sealer::RequestView request{format::sealer::Operation::kHsmRandom, {}, {}, {}};
  Bytes packet(format::sealer::request_size(request));
  format::sealer::encode_request(request, packet);
  const auto reply = dispatch.answer(packet);
  EXPECT_NE(reply.read(RawAccess::because("a test looks at the status")).front(), 0);
}

}  // namespace
}  // namespace coffer::sealer
