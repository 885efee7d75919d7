// SPDX-License-Identifier: Apache-2.0
// Does keyd keep the secrets of custom key stores to itself, each to its store and its purpose?
#include <gtest/gtest.h>

#include "base/clock.h"
#include "keyclient/keyd_client.h"
#include "keys/installation_secrets.h"
#include "tests/unit/keyclient/keyd_in_process.h"

namespace coffer::keyclient {
namespace {

using format::SecretKind;
using secret::SecretBytes;

const std::string kStore = "cks-0123456789abcdef0";
const std::string kSecret = "FYtE5EFA5FT0mCc3DrGUe2sti527BitkQ0Zr9MO9fvE";

struct KeyStoreSecrets : ::testing::Test {
  KeyStoreSecrets() { apid.connect(keyd.channel_for("apid", "i-1")); }
  Bytes wrapped(SecretKind kind) { return *apid.wrap_key_store_secret(kind, kStore, as_bytes(kSecret)); }

  KeydInProcess keyd;
  KeydClient apid;
  const std::string today = basic_iso8601(system_clock().now()).substr(0, 8);
};

TEST_F(KeyStoreSecrets, AProxysSecretSignsForProxies) {
  const auto key =
      apid.derive_proxy_signing_key(kStore, wrapped(SecretKind::kProxySecret), today, "us-west-2");
  ASSERT_TRUE(key) << key.error().message;
  const auto expected =
      keys::derive_signing_key(SecretBytes::copy_of(as_bytes(kSecret)), today, "us-west-2", "kms-xks-proxy");
  EXPECT_TRUE(key->equals(expected));
}

TEST_F(KeyStoreSecrets, NothingElseIsMadeOfThem) {
  const Bytes proxy = wrapped(SecretKind::kProxySecret);
  const Bytes password = wrapped(SecretKind::kKeyStorePassword);
  EXPECT_FALSE(apid.derive_proxy_signing_key("cks-0123456789abcdef1", proxy, today, "us-west-2"));
  EXPECT_FALSE(apid.derive_proxy_signing_key(kStore, password, today, "us-west-2"));
  EXPECT_FALSE(apid.derive_proxy_signing_key(kStore, proxy, "20200101", "us-west-2"));
  EXPECT_FALSE(apid.derive_signing_key(kStore, proxy, today, "us-west-2", "s3"));
  const auto access_key = apid.create_access_key_secret("AKIA0123456789ABCDEF");
  EXPECT_FALSE(
      apid.derive_proxy_signing_key("AKIA0123456789ABCDEF", access_key->wrapped, today, "us-west-2"));
}

TEST_F(KeyStoreSecrets, OnlySecretsOfKeyStoresAreWrappedForOthers) {
  for (const auto kind : {SecretKind::kAccessKeySecret, SecretKind::kCertificateAuthorityKey})
    EXPECT_FALSE(apid.wrap_key_store_secret(kind, kStore, as_bytes(kSecret)));
  EXPECT_FALSE(apid.wrap_key_store_secret(SecretKind::kProxySecret, kStore, {}));
  EXPECT_FALSE(apid.wrap_key_store_secret(SecretKind::kProxySecret, "", as_bytes(kSecret)));
  EXPECT_FALSE(apid.wrap_key_store_secret(SecretKind::kProxySecret, kStore, Bytes(65, 'a')));
}

TEST_F(KeyStoreSecrets, TheyFollowTheDomainKey) {
  const Bytes before = wrapped(SecretKind::kProxySecret);
  ASSERT_TRUE(apid.rewrap_secrets({{kStore, before}}));
}

}  // namespace
}  // namespace coffer::keyclient
