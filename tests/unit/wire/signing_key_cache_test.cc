// SPDX-License-Identifier: Apache-2.0
// Are signing keys fetched once, bounded in number, and gone when their day is over?
#include "wire/signing_key_cache.h"

#include <gtest/gtest.h>

#include "wire/sigv4_canonical.h"

namespace coffer::wire {
namespace {

class SettableClock final : public Clock {
 public:
  explicit SettableClock(std::string_view text) { set(text); }
  Timestamp now() const override { return time_; }
  void set(std::string_view text) { time_ = *parse_basic_iso8601(text); }

 private:
  Timestamp time_;
};

class SigningKeyCacheTest : public testing::Test {
 protected:
  SigningKeyCache::Fetch fetch() {
    return [this]() -> Result<secret::SecretBytes> {
      ++fetches_;
      return secret::SecretBytes(32);
    };
  }
  SettableClock clock_{"20150830T120000Z"};
  SigningKeyCache cache_{clock_, 3};
  int fetches_ = 0;
};

TEST_F(SigningKeyCacheTest, FetchesOncePerName) {
  const SigningKeyName name{"AKID", "20150830", "us-west-2", "kms"};
  const auto first = cache_.get(name, fetch());
  const auto second = cache_.get(name, fetch());
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(fetches_, 1);
  ASSERT_TRUE(cache_.get({"AKID", "20150830", "us-west-2", "ec2"}, fetch()));
  ASSERT_TRUE(cache_.get({"AKID", "20150830", "us-east-1", "kms"}, fetch()));
  EXPECT_EQ(fetches_, 3);
}

TEST_F(SigningKeyCacheTest, DropsTheLeastRecentlyUsed) {
  const auto name = [](const std::string& id) { return SigningKeyName{id, "20150830", "r", "s"}; };
  for (const char* id : {"A", "B", "C", "A", "D"}) ASSERT_TRUE(cache_.get(name(id), fetch()));
  EXPECT_EQ(cache_.size(), 3u);
  EXPECT_EQ(fetches_, 4);
  ASSERT_TRUE(cache_.get(name("A"), fetch()));
  EXPECT_EQ(fetches_, 4);
  ASSERT_TRUE(cache_.get(name("B"), fetch()));
  EXPECT_EQ(fetches_, 5);
}

TEST_F(SigningKeyCacheTest, DropsKeysWhenTheirDayIsOver) {
  ASSERT_TRUE(cache_.get({"A", "20150830", "r", "s"}, fetch()));
  clock_.set("20150831T000200Z");  // still within the skew
  ASSERT_TRUE(cache_.get({"A", "20150831", "r", "s"}, fetch()));
  EXPECT_EQ(cache_.size(), 2u);
  clock_.set("20150831T001000Z");
  ASSERT_TRUE(cache_.get({"A", "20150831", "r", "s"}, fetch()));
  EXPECT_EQ(cache_.size(), 1u);
  EXPECT_EQ(fetches_, 2);
}

TEST_F(SigningKeyCacheTest, DoesNotKeepAnotherDaysKey) {
  for (const char* date : {"20150829", "20150831", "20990101"})
    ASSERT_TRUE(cache_.get({"A", date, "r", "s"}, fetch()));
  EXPECT_EQ(cache_.size(), 0u);
}

TEST_F(SigningKeyCacheTest, PassesOnAnErrorAndKeepsNothing) {
  const auto failed = cache_.get({"A", "20150830", "r", "s"}, []() -> Result<secret::SecretBytes> {
    return fail(ErrorKind::kUnavailable, "keyd is down");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(cache_.size(), 0u);
}

TEST_F(SigningKeyCacheTest, ForgetsAnAccessKeyAlsoWhileItIsFetched) {
  ASSERT_TRUE(cache_.get({"A", "20150830", "r", "s"}, fetch()));
  ASSERT_TRUE(cache_.get({"B", "20150830", "r", "s"}, fetch()));
  cache_.forget("A");
  EXPECT_EQ(cache_.size(), 1u);
  ASSERT_TRUE(cache_.get({"C", "20150830", "r", "s"}, [this]() -> Result<secret::SecretBytes> {
    cache_.forget("C");
    return secret::SecretBytes(32);
  }));
  EXPECT_EQ(cache_.size(), 1u);
}

}  // namespace
}  // namespace coffer::wire
