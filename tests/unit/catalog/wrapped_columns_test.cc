// SPDX-License-Identifier: Apache-2.0
// Does a rotation of the domain key know of everything in the catalog that keyd wraps under it? Each column
// of bytes is either re-wrapped (catalog/wrapped.cc, services/kms/wrapped_items.cc) or said here to be
// something else.
#include <gtest/gtest.h>

#include <map>

#include "catalog/catalog.h"
#include "catalog/connection.h"
#include "tests/support/scratch_folder.h"

namespace coffer::catalog {
namespace {

const std::map<std::string, std::string> kColumns = {
    {"access_keys.wrapped_secret", "re-wrapped"},
    {"backing_keys.public_key", "a public key"},
    {"backing_keys.token", "re-wrapped"},
    {"custom_key_stores.wrapped_secret", "re-wrapped"},
    {"keys_left_in_tokens.token", "re-wrapped"},
    {"mfa_devices.wrapped_secret", "re-wrapped"},
    {"sessions.token_digest", "a SHA-256"},
    {"sessions.wrapped_secret", "re-wrapped"},
    {"snapshot_blocks.checksum", "a SHA-256"},
    {"snapshots.wrapped_key", "a ciphertext under a KMS key"},
    {"volume_rekeys.wrapped_key", "a ciphertext under a KMS key"},
    {"volumes.wrapped_key", "a ciphertext under a KMS key"},
};

TEST(WrappedColumns, EveryColumnOfBytesIsReWrappedOrIsNotUnderTheDomainKey) {
  ScratchFolder scratch;
  ASSERT_TRUE(Catalog::open(scratch / "catalog.db"));
  auto connection = Connection::open(scratch / "catalog.db", Connection::Use::kRead);
  ASSERT_TRUE(connection);
  Query query(**connection,
              "SELECT t.name || '.' || c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c"
              " WHERE t.type = 'table' AND c.type = 'BLOB' ORDER BY 1");
  const auto found = rows(query, [](Query& row) { return row.text(); });
  ASSERT_TRUE(found);
  EXPECT_GE(found->size(), kColumns.size());
  for (const std::string& column : *found)
    EXPECT_TRUE(kColumns.contains(column))
        << column << " is new: if keyd wraps it under the domain key, re-wrap it; then say here what it is";
}

}  // namespace
}  // namespace coffer::catalog
