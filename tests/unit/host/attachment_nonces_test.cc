// SPDX-License-Identifier: Apache-2.0
// Is a nonce good once, for its attachment, and for its time?
#include "host/attachment_nonces.h"

#include <gtest/gtest.h>

namespace coffer::host {
namespace {

const AttachmentNonces::Time kNow{};

TEST(AttachmentNonces, AreGoodOnceAndForTheirAttachment) {
  AttachmentNonces nonces(system_random());
  const Bytes nonce = nonces.issue("vol-1", "attach-1", kNow);
  EXPECT_EQ(nonce.size(), AttachmentNonces::kSize);
  EXPECT_EQ(nonces.take("vol-2", "attach-1", kNow), std::nullopt);
  EXPECT_EQ(nonces.take("vol-1", "attach-2", kNow), std::nullopt);
  EXPECT_EQ(nonces.take("vol-1", "attach-1", kNow), nonce);
  EXPECT_EQ(nonces.take("vol-1", "attach-1", kNow), std::nullopt);
}

TEST(AttachmentNonces, ALaterOneReplacesTheEarlier) {
  AttachmentNonces nonces(system_random());
  const Bytes first = nonces.issue("vol-1", "attach-1", kNow);
  const Bytes second = nonces.issue("vol-1", "attach-1", kNow);
  EXPECT_NE(first, second);
  EXPECT_EQ(nonces.take("vol-1", "attach-1", kNow), second);
}

TEST(AttachmentNonces, Expire) {
  AttachmentNonces nonces(system_random());
  nonces.issue("vol-1", "attach-1", kNow);
  nonces.issue("vol-2", "attach-2", kNow);
  EXPECT_TRUE(nonces.take("vol-1", "attach-1", kNow + AttachmentNonces::kLifetime));
  EXPECT_FALSE(
      nonces.take("vol-2", "attach-2", kNow + AttachmentNonces::kLifetime + std::chrono::seconds(1)));
}

TEST(AttachmentNonces, TheOldestGoesWhenThereAreTooMany) {
  AttachmentNonces nonces(system_random());
  for (size_t i = 0; i <= AttachmentNonces::kMost; ++i)
    nonces.issue("vol-" + std::to_string(i), "attach", kNow + std::chrono::milliseconds(i));
  EXPECT_FALSE(nonces.take("vol-0", "attach", kNow));
  EXPECT_TRUE(nonces.take("vol-1", "attach", kNow));
  EXPECT_TRUE(nonces.take("vol-" + std::to_string(AttachmentNonces::kMost), "attach", kNow));
}

}  // namespace
}  // namespace coffer::host
