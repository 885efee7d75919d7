// SPDX-License-Identifier: Apache-2.0
// Is what needs a key told from the wrapped keys, along every chain, and for how long?
#include "services/kms/dependents.h"

#include <gtest/gtest.h>

#include "format/ciphertext_blob.h"
#include "format/key_id.h"

namespace coffer::services::kms {
namespace {

const std::string kKey = "1234abcd-12ab-44cd-96ef-1234567890ab",
                  kOther = "mrk-1234abcd12ab84cd96ef1234567890ab";

// No real ciphertext: only who wrapped it is looked at.
Bytes under(const std::string& key_id, uint32_t version) {
  Bytes blob = format::encode(
      format::CiphertextBlobHeader{format::BlobClass::kVolume, *format::key_id_bytes(key_id), version, {}});
  blob.resize(blob.size() + 64 + 16);
  return blob;
}
control::StoredNode layer(const std::string& id, const std::string& below, std::optional<Bytes> wrapped,
                          bool independent = false) {
  return {"layer-" + id, below.empty() ? "" : "layer-" + below, std::move(wrapped), "vol-x", independent};
}
control::StoredNode holder(const std::string& id, const std::string& top) {
  return {id, "layer-" + top, std::nullopt, {}, false};
}

// "vol-1 Contents 2"
std::vector<std::string> told(const std::vector<control::StoredNode>& nodes) {
  std::vector<std::string> lines;
  for (const Dependent& each : dependents_among(nodes, kKey).all)
    lines.push_back(each.id + " " + std::string(to_string(each.dependence)) + " " +
                    std::to_string(each.oldest_version));
  return lines;
}

using Lines = std::vector<std::string>;

TEST(Dependents, AChainNeedsTheKeyOfEachOfItsLayers) {
  EXPECT_EQ(told({layer("a", "", under(kKey, 1)), layer("b", "a", under(kKey, 3)), holder("snap-1", "a"),
                  holder("vol-1", "b")}),
            (Lines{"layer-a Direct 1", "layer-b Direct 3", "snap-1 Contents 1", "vol-1 Contents 1"}));
}

TEST(Dependents, OthersKeysAndUnencryptedLayersDoNotCount) {
  EXPECT_EQ(told({layer("a", "", under(kOther, 1)), layer("b", "", std::nullopt), holder("vol-1", "a"),
                  holder("vol-2", "b"), holder("vol-3", "gone")}),
            Lines{});
}

TEST(Dependents, ACloneUnderAnotherKeyNeedsItUntilItIsIndependent) {
  const std::vector<control::StoredNode> nodes = {layer("base", "", under(kKey, 1)), holder("snap-1", "base"),
                                                  layer("clone", "base", under(kOther, 1), true),
                                                  holder("vol-2", "clone")};
  EXPECT_EQ(told(nodes), (Lines{"layer-base Direct 1", "snap-1 Contents 1", "vol-2 UntilIndependent 1"}));
  // What was written since is on a further layer, and waits for the same.
  std::vector<control::StoredNode> more = nodes;
  more.pop_back();
  more.push_back(layer("top", "clone", under(kOther, 2)));
  more.push_back(holder("vol-2", "top"));
  EXPECT_EQ(told(more).back(), "vol-2 UntilIndependent 1");
}

TEST(Dependents, AVolumeWhoseTopIsUnderTheKeyNeedsItAfterwardsToo) {
  EXPECT_EQ(told({layer("old", "", under(kOther, 1)), layer("new", "old", under(kKey, 2), true),
                  holder("vol-1", "new")}),
            (Lines{"layer-new Direct 2", "vol-1 Contents 2"}));
}

TEST(Dependents, AChainWithoutEndHasOneHere) {
  EXPECT_EQ(told({layer("a", "b", under(kKey, 1)), layer("b", "a", under(kKey, 2)), holder("vol-1", "a")}),
            (Lines{"layer-a Direct 1", "layer-b Direct 2", "vol-1 Contents 1"}));
}

TEST(Dependents, AreCounted) {
  const auto found = dependents_among(
      {layer("a", "", under(kKey, 1)), holder("snap-1", "a"), holder("vol-1", "a"), holder("vol-2", "a")},
      kKey);
  EXPECT_EQ(found.volumes, 2u);
  EXPECT_EQ(found.snapshots, 1u);
  EXPECT_EQ(found.layers, 1u);
}

}  // namespace
}  // namespace coffer::services::kms
