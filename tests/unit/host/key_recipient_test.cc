// SPDX-License-Identifier: Apache-2.0
// Is this host enrolled with every keyd it meets, and does it open only what is meant for it?
#include "host/key_recipient.h"

#include "tests/unit/host/fake_keyd.h"

namespace coffer::host {
namespace {
using namespace std::chrono_literals;

const format::BoxBinding kBinding{"i-1", "vol-1", "attach-1", Bytes(16, 3)};

TEST(KeyRecipient, EnrolsAnewWithEachKeyd) {
  auto recipient = KeyRecipient::create();
  ASSERT_TRUE(recipient);
  EXPECT_FALSE((*recipient)->wait_until_enrolled(10ms));
  FakeKeyd first;
  first.serve(**recipient);
  EXPECT_TRUE((*recipient)->wait_until_enrolled(5s));
  first.die();
  for (int i = 0; i < 500 && (*recipient)->wait_until_enrolled(0ms); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_FALSE((*recipient)->wait_until_enrolled(0ms)) << "enrolled with a keyd that is gone";
  FakeKeyd second;
  second.serve(**recipient);
  EXPECT_TRUE((*recipient)->wait_until_enrolled(5s));
  EXPECT_EQ(first.public_key(), second.public_key());
}

TEST(KeyRecipient, GoesOnTryingWhileTheChannelLasts) {
  auto recipient = KeyRecipient::create();
  FakeKeyd keyd(1);
  keyd.serve(**recipient);
  EXPECT_TRUE((*recipient)->wait_until_enrolled(5s));
  EXPECT_EQ(keyd.enrolments(), 1);
}

TEST(KeyRecipient, TwoHaveNothingInCommon) {
  auto one = KeyRecipient::create(), other = KeyRecipient::create();
  FakeKeyd keyd_of_one, keyd_of_other;
  keyd_of_one.serve(**one);
  keyd_of_other.serve(**other);
  ASSERT_TRUE((*one)->wait_until_enrolled(5s) && (*other)->wait_until_enrolled(5s));
  const Bytes box = keyd_of_one.box({{"layer-1", 7}}, kBinding);
  const auto opened = (*one)->open(box, kBinding);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->at(0).layer_id, "layer-1");
  EXPECT_EQ(opened->at(0).key.size(), 64u);
  EXPECT_EQ((*other)->open(box, kBinding).error().kind, ErrorKind::kRefusedCiphertext);
}

TEST(KeyRecipient, EveryPartOfTheBindingCounts) {
  auto recipient = KeyRecipient::create();
  FakeKeyd keyd;
  keyd.serve(**recipient);
  ASSERT_TRUE((*recipient)->wait_until_enrolled(5s));
  const Bytes box = keyd.box({{"layer-1", 7}}, kBinding);
  EXPECT_TRUE((*recipient)->open(box, kBinding));
  std::vector<format::BoxBinding> others(4, kBinding);
  others[0].host_id = "i-2";
  others[1].volume_id = "vol-2";
  others[2].attachment_id = "attach-2";
  others[3].nonce[15] ^= 1;
  for (const auto& other : others) EXPECT_FALSE((*recipient)->open(box, other));
  Bytes changed = box;
  changed[changed.size() / 2] ^= 1;
  EXPECT_FALSE((*recipient)->open(changed, kBinding));
}

}  // namespace
}  // namespace coffer::host
