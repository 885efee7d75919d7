// SPDX-License-Identifier: Apache-2.0
// Is a policy document read once, and never taken for another?
#include "policy/document_cache.h"

#include <gtest/gtest.h>

namespace coffer::policy {
namespace {

constexpr const char* kPolicy =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}})";

TEST(DocumentCache, GivesTheSameDocumentForTheSameText) {
  DocumentCache cache;
  const auto first = cache.read(kPolicy, DocumentKind::kIdentity);
  const auto second = cache.read(kPolicy, DocumentKind::kIdentity);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
}

TEST(DocumentCache, TellsKindsApart) {
  DocumentCache cache;
  ASSERT_TRUE(cache.read(kPolicy, DocumentKind::kIdentity));
  EXPECT_FALSE(cache.read(kPolicy, DocumentKind::kKey));  // it has no Principal
}

TEST(DocumentCache, DocumentsOutliveWhatTheCacheForgets) {
  DocumentCache cache;
  const auto kept = cache.read(kPolicy, DocumentKind::kIdentity);
  ASSERT_TRUE(kept);
  for (size_t i = 0; i <= DocumentCache::kMostDocuments; ++i) {
    const std::string text =
        R"({"Statement":{"Effect":"Deny","Action":"kms:Key)" + std::to_string(i) + R"(","Resource":"*"}})";
    ASSERT_TRUE(cache.read(text, DocumentKind::kIdentity));
  }
  EXPECT_EQ((*kept)->statements.at(0).effect, Effect::kAllow);
  const auto again = cache.read(kPolicy, DocumentKind::kIdentity);
  ASSERT_TRUE(again);
  EXPECT_NE(*again, *kept);
}

}  // namespace
}  // namespace coffer::policy
