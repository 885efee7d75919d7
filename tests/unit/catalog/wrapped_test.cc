// SPDX-License-Identifier: Apache-2.0
// Once a rotation has gone past a version of the domain key, is nothing stored that is under it, whoever
// brings it; and does the rotation see everything that is?
#include <limits>

#include "base/encoding.h"
#include "format/backing_key_token.h"
#include "format/ciphertext_blob.h"
#include "format/wrapped_secret.h"
#include "tests/unit/catalog/catalog_fixture.h"

namespace coffer::catalog {
namespace {

const std::string kId = "1234abcd-12ab-34cd-56ef-1234567890ab";
constexpr uint32_t kNothing = std::numeric_limits<uint32_t>::max();

Bytes token_under(uint32_t domain_key_version, uint32_t key_version = 1) {
  format::BackingKeyTokenHeader header;
  header.domain_key_version = domain_key_version;
  header.binding = {"123456789012", "us-west-2", kId};
  header.backing_key_version = key_version;
  Bytes token = format::encode(header);
  token.resize(token.size() + format::kBackingKeySize + format::kTagSize);
  return token;
}

Bytes secret_under(uint32_t domain_key_version) {
  Bytes secret = format::encode(format::WrappedSecretHeader{format::SecretKind::kAccessKeySecret,
                                                            domain_key_version, format::MessageKeyInputs{}});
  secret.resize(secret.size() + 40 + format::kTagSize);
  return secret;
}

struct WrappedTest : CatalogFixture {
  static Key key() {
    Key key;
    key.id = kId;
    key.account = "123456789012";
    key.region = "us-west-2";
    key.state = "Enabled";
    return key;
  }
  static BackingKey backing_key(uint32_t version, Bytes token) {
    BackingKey made;
    made.region = "us-west-2";
    made.key_id = kId;
    made.version = version;
    made.token = std::move(token);
    return made;
  }
  static AccessKey access_key(Bytes secret) {
    AccessKey made;
    made.id = "AKIA1";
    made.account = "123456789012";
    made.wrapped_secret = std::move(secret);
    return made;
  }
  void raise_to(uint32_t version) {
    stored([&](Transaction& t) { return t.raise_oldest_domain_key(version); });
  }
  uint32_t oldest_wrapped() {
    return read<uint32_t>([](Transaction& t) { return t.oldest_wrapped(); });
  }
  ErrorKind refusal(const std::function<Status(Transaction&)>& body) {
    const Status status = catalog_->write(body);
    return status ? ErrorKind::kInternal : status.error().kind;
  }
};

TEST_F(WrappedTest, WhatWasMadeBeforeTheStepAndIsCommittedAfterItIsRefused) {
  stored([](Transaction& t) -> Status {
    COFFER_CHECK(t.insert_account({"123456789012", {}}));
    return t.insert_key(key(), backing_key(1, token_under(2)));
  });
  const Bytes token = token_under(1, 2), secret = secret_under(1);  // keyd has made them
  raise_to(2);
  const std::function<Status(Transaction&)> late[] = {
      [&](Transaction& t) -> Status {
        Key other = key();
        other.region = "us-east-1";
        return t.insert_key(other, backing_key(1, token));
      },
      [&](Transaction& t) { return t.insert_backing_key(backing_key(2, token)); },
      [&](Transaction& t) { return t.put_backing_key(backing_key(1, token)); },
      [&](Transaction& t) { return t.replace_token(backing_key(1, token_under(2)), token); },
      [&](Transaction& t) { return t.insert_access_key(access_key(secret)); },
      [&](Transaction& t) {
        Session session;
        session.access_key_id = "ASIA1";
        session.wrapped_secret = secret;
        return t.insert_session(session);
      },
      [&](Transaction& t) { return t.replace_wrapped_secret(access_key(secret_under(2)), secret); },
      [&](Transaction& t) { return t.set_wrapped_setting(kBlockTokenBackingKey, token); },
      [&](Transaction& t) { return t.set_wrapped_setting(kAuthorityPrivateKey, secret); },
  };
  for (size_t i = 0; i < std::size(late); ++i)
    EXPECT_EQ(refusal(late[i]), ErrorKind::kUnavailable) << "writer " << i;
  EXPECT_EQ(oldest_wrapped(), 2u);
  EXPECT_EQ(read<size_t>([](Transaction& t) { return t.count_keys(); }), 1u);
}

TEST_F(WrappedTest, WhatIsMadeUnderTheNewVersionIsStored) {
  raise_to(2);
  stored([](Transaction& t) -> Status {
    COFFER_CHECK(t.insert_account({"123456789012", {}}));
    COFFER_CHECK(t.insert_key(key(), backing_key(1, token_under(2))));
    COFFER_CHECK(t.put_backing_key(backing_key(2, token_under(3, 2))));
    COFFER_CHECK(t.insert_access_key(access_key(secret_under(2))));
    COFFER_CHECK(t.set_wrapped_setting(kAuthorityPrivateKey, secret_under(2)));
    return t.set_wrapped_setting(kBlockTokenBackingKey, token_under(2));
  });
  EXPECT_EQ(oldest_wrapped(), 2u);
}

TEST_F(WrappedTest, TheOldestVersionIsFoundWhereverItIs) {
  EXPECT_EQ(oldest_wrapped(), kNothing);
  stored([](Transaction& t) { return t.set_wrapped_setting(kAuthorityPrivateKey, secret_under(9)); });
  EXPECT_EQ(oldest_wrapped(), 9u);
  stored([](Transaction& t) { return t.set_wrapped_setting(kBlockTokenBackingKey, token_under(8)); });
  EXPECT_EQ(oldest_wrapped(), 8u);
  stored([](Transaction& t) -> Status {
    COFFER_CHECK(t.insert_account({"123456789012", {}}));
    return t.insert_access_key(access_key(secret_under(7)));
  });
  EXPECT_EQ(oldest_wrapped(), 7u);
  stored([](Transaction& t) { return t.insert_key(key(), backing_key(1, token_under(6))); });
  EXPECT_EQ(oldest_wrapped(), 6u);
  stored([](Transaction& t) {
    Session session;
    session.access_key_id = "ASIA1";
    session.account = "123456789012";
    session.wrapped_secret = secret_under(5);
    return t.insert_session(session);
  });
  EXPECT_EQ(oldest_wrapped(), 5u);
  stored([](Transaction& t) { return t.put_backing_key(backing_key(2, to_bytes("damaged"))); });
  EXPECT_EQ(oldest_wrapped(), 0u);
}

TEST_F(WrappedTest, MaterialThatWasDeletedIsNeitherReWrappedNorCounted) {
  raise_to(2);
  stored([](Transaction& t) -> Status {
    COFFER_CHECK(t.insert_account({"123456789012", {}}));
    COFFER_CHECK(t.insert_key(key(), backing_key(1, token_under(2))));
    return t.put_backing_key(backing_key(2, {}));
  });
  EXPECT_EQ(read<size_t>([](Transaction& t) { return t.count_wrapped(); }), 1u);
  EXPECT_EQ(oldest_wrapped(), 2u);
  const auto listed = read<std::vector<BackingKey>>(
      [](Transaction& t) { return t.backing_keys_after(backing_key(0, {}), 10); });
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].version, 1u);
}

TEST_F(WrappedTest, TheOldestVersionThatIsAllowedNeverSinks) {
  raise_to(3);
  raise_to(2);
  EXPECT_EQ(read<uint32_t>([](Transaction& t) { return t.oldest_domain_key(); }), 3u);
}

TEST_F(WrappedTest, AWrappedSettingIsNotStoredUnchecked) {
  EXPECT_EQ(refusal([](Transaction& t) -> Status {
              return t.set_setting(kBlockTokenBackingKey.name, base64(token_under(1)));
            }),
            ErrorKind::kInternal);
  EXPECT_FALSE(catalog_->write(
      [](Transaction& t) { return t.set_setting(kBlockTokenBackingKey.name, base64(token_under(1))); }));
}

TEST_F(WrappedTest, ASettingThatChangedMeanwhileIsNotReplaced) {
  stored([](Transaction& t) { return t.set_wrapped_setting(kBlockTokenBackingKey, token_under(5)); });
  stored([](Transaction& t) -> Status {
    return t.replace_wrapped_setting(kBlockTokenBackingKey, token_under(4), token_under(6));
  });
  EXPECT_EQ(oldest_wrapped(), 5u);
}

}  // namespace
}  // namespace coffer::catalog
