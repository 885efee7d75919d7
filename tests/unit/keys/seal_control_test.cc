// SPDX-License-Identifier: Apache-2.0
// Whatever becomes of a change of the seal, does the supervisor keep what opens it, and nothing else?
#include "keys/seal_control.h"

#include <gtest/gtest.h>

#include <vector>

#include "crypto/random.h"
#include "keys/unsealing.h"
#include "seals/seal_request.h"
#include "tests/support/scratch_folder.h"

namespace coffer::keys {
namespace {

using format::SealKind;
using seals::Seal;
using secret::RawAccess;
using secret::SecretBytes;

// Fails once the copies are under its seal: then the way back works.
struct BrokenAnchor : seals::RollbackAnchor {
  Status accept(uint64_t) override { return {}; }
  Status advance_to(uint64_t) override { return fail(ErrorKind::kIo, "the counter is broken"); }
};

struct SealControlTest : ::testing::Test {
  void SetUp() override {
    store.initialise(*old_seal()).value();
    vault = std::make_unique<DomainKeyVault>(std::move(*store.load(*old_seal())), old_seal(), &store);
    const auto make = [this](const format::SealMaterialView& material, const format::UuidBytes& id,
                             uint64_t) -> Result<NewSeal> {
      NewSeal made;
      made.to_remember = seals::encode_material(material);
      made.seal = std::make_unique<Seal>(material.kind, id, to_bytes(material.parameters),
                                         SecretBytes::copy_of(material.secret), "new",
                                         broken ? std::make_unique<BrokenAnchor>() : nullptr);
      return made;
    };
    // As the supervisor does it (cli/supervisor.cc).
    const SealMemory memory{[this](const SecretBytes& material) {
                              remembered.push_back(material.clone());
                              return Status();
                            },
                            [this](const SecretBytes& material) {
                              remembered.clear();
                              if (!material.empty()) remembered.push_back(material.clone());
                              return Status();
                            }};
    remembered.push_back(in_force.clone());
    control = std::move(*SealControl::create(system_disk(), folder, *vault, make, memory, in_force.clone()));
  }
  std::unique_ptr<Seal> old_seal() const {
    return std::make_unique<Seal>(SealKind::kPassphrase, format::UuidBytes{7}, Bytes{}, key.clone(), "old");
  }
  Status change_to(const Bytes& secret) {
    const uint64_t sequence = vault->status().sequence;
    const auto box =
        seals::box_request(folder, format::kChangeSealBinding, sequence, {SealKind::kPassphrase, {}, secret});
    if (!box) return tl::unexpected(box.error());
    return control->change({SealKind::kPassphrase, sequence, *box});
  }
  void expect_remembered(const std::vector<const SecretBytes*>& wanted) {
    ASSERT_EQ(remembered.size(), wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i) EXPECT_TRUE(remembered[i].equals(*wanted[i])) << i;
  }

  ScratchFolder scratch;
  const std::string folder = scratch / "keyd";
  const SecretBytes key = crypto::random_secret(32);
  const SecretBytes in_force = SecretBytes::copy_of(as_bytes("what opens the old seal"));
  const Bytes other = Bytes(32, 5);
  DomainKeyStore store{system_disk(), folder};
  std::unique_ptr<DomainKeyVault> vault;
  std::unique_ptr<SealControl> control;
  std::vector<SecretBytes> remembered;
  bool broken = false;
};

TEST_F(SealControlTest, AChangeThatWorkedLeavesTheNewOneAlone) {
  ASSERT_TRUE(change_to(other));
  const SecretBytes wanted = seals::encode_material({SealKind::kPassphrase, {}, other});
  expect_remembered({&wanted});
}

TEST_F(SealControlTest, ChangesThatFailedLeaveTheOldOneAlone) {
  broken = true;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(change_to(other).error().kind, ErrorKind::kIo);
  expect_remembered({&in_force});
  EXPECT_TRUE(store.load(*old_seal()));
}

TEST_F(SealControlTest, AsLongAsItIsNotKnownWhichOneItIsBothStay) {
  ASSERT_TRUE(system_disk().make_directory(folder + "/domain-keys.0.new"));
  ASSERT_TRUE(system_disk().make_directory(folder + "/domain-keys.0.new/in the way"));
  EXPECT_FALSE(change_to(other));
  const SecretBytes wanted = seals::encode_material({SealKind::kPassphrase, {}, other});
  expect_remembered({&in_force, &wanted});
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(change_to(other));
  EXPECT_LT(remembered.size(), 16u);
  EXPECT_TRUE(remembered[0].equals(in_force));
}

}  // namespace
}  // namespace coffer::keys
