// SPDX-License-Identifier: Apache-2.0
// Is every change of the domain keys or of their seal on the disk before it counts, whatever is cut off?
#include "keys/domain_key_vault.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "crypto/random.h"
#include "format/seal_parameters.h"
#include "keys/backing_keys.h"
#include "keys/installation_secrets.h"
#include "keys/rewrap.h"
#include "tests/support/scratch_folder.h"
#include "tests/unit/volume/simulated_disk.h"

namespace coffer::keys {
namespace {

using seals::Seal;

struct KnownSeal {
  format::SealKind kind;
  secret::SecretBytes key = crypto::random_secret(32);
  std::unique_ptr<Seal> seal() const {
    return std::make_unique<Seal>(kind, format::UuidBytes{7}, to_bytes(format::name_of(kind)), key.clone(),
                                  "a seal");
  }
};

struct DomainKeyVaultTest : ::testing::Test {
  void SetUp() override {
    DomainKeyStore first(system_disk(), folder);
    auto made = first.initialise(*seal());
    ASSERT_TRUE(made);
    vault = open();
  }
  std::unique_ptr<Seal> seal() const {
    return std::make_unique<Seal>(format::SealKind::kKeyFile, format::UuidBytes{7}, Bytes{}, key.clone(),
                                  "file");
  }
  std::unique_ptr<DomainKeyVault> open() {
    auto loaded = store.load(*seal());
    EXPECT_TRUE(loaded) << loaded.error().message;
    return std::make_unique<DomainKeyVault>(std::move(*loaded), seal(), &store);
  }

  ScratchFolder scratch;
  const std::string folder = scratch / "keyd";
  const secret::SecretBytes key = crypto::random_secret(32);
  DomainKeyStore store{system_disk(), folder};
  std::unique_ptr<DomainKeyVault> vault;
  const format::KeyBinding binding{"123456789012", "us-west-2", "1234abcd-12ab-34cd-56ef-1234567890ab"};
};

TEST_F(DomainKeyVaultTest, ANewVersionIsThereAfterARestart) {
  EXPECT_EQ(*vault->add_version_above(1), 2u);
  const auto again = open();
  EXPECT_EQ(again->status().newest_version, 2u);
  EXPECT_TRUE(again->keys().get()->newest().equals(vault->keys().get()->newest()));
}

TEST_F(DomainKeyVaultTest, AskingAgainForANewVersionMakesNone) {
  EXPECT_EQ(*vault->add_version_above(1), 2u);
  EXPECT_EQ(*vault->add_version_above(1), 2u);
}

TEST_F(DomainKeyVaultTest, NobodyCanMakeSoManyVersionsThatNoCopyIsReadAgain) {
  uint32_t newest = 1;
  for (auto added = vault->add_version_above(newest); added; added = vault->add_version_above(newest)) {
    newest = *added;
    ASSERT_LT(newest, 100u);
  }
  EXPECT_EQ(vault->add_version_above(newest).error().kind, ErrorKind::kLimitExceeded);
  EXPECT_EQ(vault->add_version_above(newest + 1).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(open()->status().newest_version, newest);
}

TEST_F(DomainKeyVaultTest, ARetiredVersionIsInNoCopyAndOpensNothing) {
  const Bytes token = *create_backing_key(*vault->keys().get(), binding, 1);
  ASSERT_TRUE(vault->add_version_above(1));
  const Bytes rewrapped = *rewrap_backing_key(*vault->keys().get(), token);
  ASSERT_TRUE(vault->retire_below(2));
  EXPECT_FALSE(open_backing_key(*vault->keys().get(), {binding, 1, token}));
  EXPECT_TRUE(open_backing_key(*vault->keys().get(), {binding, 1, rewrapped}));
  const auto again = open();
  EXPECT_EQ(again->status().oldest_version, 2u);
  EXPECT_FALSE(open_backing_key(*again->keys().get(), {binding, 1, token}));
}

TEST_F(DomainKeyVaultTest, RetiringAgainReachesACopyThatWasNotMended) {
  ASSERT_TRUE(vault->add_version_above(1));
  const std::string twin = folder + "/domain-keys.1";
  const Bytes with_both = *read_file(system_disk(), twin);
  ASSERT_TRUE(vault->retire_below(2));
  ASSERT_TRUE(replace_file(system_disk(), twin, with_both));
  ASSERT_TRUE(vault->retire_below(2));
  EXPECT_EQ(*read_file(system_disk(), twin), *read_file(system_disk(), folder + "/domain-keys.0"));
  EXPECT_NE(*read_file(system_disk(), twin), with_both);
}

TEST_F(DomainKeyVaultTest, OnlyWhatIsOlderThanTheNewestIsRetired) {
  ASSERT_TRUE(vault->add_version_above(1));
  EXPECT_EQ(vault->retire_below(1).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(vault->retire_below(3).error().kind, ErrorKind::kConflict);
}

TEST_F(DomainKeyVaultTest, ARewrappedTokenHoldsTheSameKey) {
  const Bytes token = *create_backing_key(*vault->keys().get(), binding, 1);
  const auto before = open_backing_key(*vault->keys().get(), {binding, 1, token});
  ASSERT_TRUE(vault->add_version_above(1));
  const auto keys = vault->keys().get();
  const Bytes rewrapped = *rewrap_backing_key(*keys, token);
  EXPECT_NE(rewrapped, token);
  EXPECT_TRUE(open_backing_key(*keys, {binding, 1, rewrapped})->equals(*before));
  EXPECT_EQ(*rewrap_backing_key(*keys, rewrapped), rewrapped);
}

TEST_F(DomainKeyVaultTest, ARewrappedSecretOpensUnderItsOwnNameOnly) {
  const auto kind = format::SecretKind::kAccessKeySecret;
  const auto secret = make_access_key_secret();
  const Bytes wrapped = *wrap_secret(*vault->keys().get(), kind, "AKIA1", secret);
  ASSERT_TRUE(vault->add_version_above(1));
  const auto keys = vault->keys().get();
  EXPECT_FALSE(rewrap_secret(*keys, "AKIA2", wrapped));
  const Bytes rewrapped = *rewrap_secret(*keys, "AKIA1", wrapped);
  EXPECT_TRUE(open_secret(*keys, kind, "AKIA1", rewrapped)->equals(secret));
  EXPECT_FALSE(open_secret(*keys, kind, "AKIA2", rewrapped));
}

TEST_F(DomainKeyVaultTest, AfterAChangeOfSealTheNewOneOpensAndTheOldOneDoesNot) {
  const KnownSeal changed{format::SealKind::kPassphrase};
  ASSERT_TRUE(vault->change_seal(changed.seal(), vault->status().sequence));
  DomainKeyStore fresh(system_disk(), folder);
  EXPECT_EQ(fresh.load(*seal()).error().kind, ErrorKind::kRefusedCiphertext);
  const auto loaded = fresh.load(*changed.seal());
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_TRUE(loaded->newest().equals(vault->keys().get()->newest()));
  EXPECT_EQ(fresh.header()->parameters, to_bytes("passphrase"));
}

TEST_F(DomainKeyVaultTest, AChangeOfSealForAnEarlierStateIsRefused) {
  const uint64_t seen = vault->status().sequence;
  ASSERT_TRUE(vault->add_version_above(1));
  EXPECT_EQ(vault->change_seal(KnownSeal{format::SealKind::kPassphrase}.seal(), seen).error().kind,
            ErrorKind::kConflict);
}

// What happens at every single operation of the disk, for every change and every kind of seal.
struct InterruptedChange : ::testing::TestWithParam<format::SealKind> {
  using Change = std::function<Status(DomainKeyVault&)>;
  struct Outcome {
    Status acknowledged;
    std::optional<DomainKeys> found;
    bool under_new_seal = false;
  };

  // Two versions under the old seal; then the change, with `fault` at some operation; then what a start
  // finds.
  Outcome run(const Change& change, const std::function<void(volume::SimulatedDisk&)>& fault,
              bool power_cut) {
    volume::SimulatedDisk disk(seed++);
    DomainKeyStore store(disk, "/keyd");
    auto made = store.initialise(*old_seal.seal());
    EXPECT_TRUE(made);
    DomainKeyVault vault(std::move(*made), old_seal.seal(), &store);
    EXPECT_TRUE(vault.add_version_above(1));
    first_key = vault.keys().get()->find(1)->clone();
    disk.count_from_here();
    fault(disk);
    Outcome outcome{change(vault), {}, false};
    operations = disk.operations();
    if (power_cut) disk.restart();
    disk.count_from_here();
    DomainKeyStore later(disk, "/keyd");
    const auto header = later.header();
    EXPECT_TRUE(header) << header.error().message;
    if (!header) return outcome;
    outcome.under_new_seal = header->seal_kind == new_seal.kind;
    auto found = later.load(*(outcome.under_new_seal ? new_seal : old_seal).seal());
    EXPECT_TRUE(found) << found.error().message;
    if (found) outcome.found = std::move(*found);
    return outcome;
  }

  void expect_openable_at_every_fault(const Change& change,
                                      const std::function<void(const Outcome&)>& check) {
    check(run(
        change, [](auto&) {}, false));
    const uint64_t last = operations;
    ASSERT_GT(last, 6u);
    for (uint64_t at = 1; at <= last; ++at) {
      SCOPED_TRACE(at);
      for (int round = 0; round < 8; ++round)
        check(run(
            change, [&](auto& disk) { disk.cut_power_at(at); }, true));
      for (const ErrorKind kind : {ErrorKind::kIo, ErrorKind::kNoSpace})
        check(run(
            change, [&](auto& disk) { disk.fail_at(at, kind); }, false));
    }
  }

  uint64_t seed = 1, operations = 0;
  secret::SecretBytes first_key;
  const KnownSeal new_seal{GetParam()};
  const KnownSeal old_seal{GetParam() == format::SealKind::kKeyFile ? format::SealKind::kPassphrase
                                                                    : format::SealKind::kKeyFile};
};

TEST_P(InterruptedChange, AChangeOfSealLeavesWhatTheOldOrTheNewSealOpens) {
  expect_openable_at_every_fault(
      [&](DomainKeyVault& vault) { return vault.change_seal(new_seal.seal(), vault.status().sequence); },
      [&](const Outcome& outcome) {
        ASSERT_TRUE(outcome.found);
        ASSERT_NE(outcome.found->find(1), nullptr);
        EXPECT_TRUE(outcome.found->find(1)->equals(first_key));
        EXPECT_TRUE(outcome.under_new_seal || !outcome.acknowledged);
      });
}

TEST_P(InterruptedChange, ANewVersionCountsOnceItIsAcknowledged) {
  expect_openable_at_every_fault(
      [](DomainKeyVault& vault) -> Status {
        COFFER_CHECK(vault.add_version_above(2));
        return {};
      },
      [&](const Outcome& outcome) {
        ASSERT_TRUE(outcome.found);
        EXPECT_TRUE(outcome.found->find(1)->equals(first_key));
        EXPECT_TRUE(outcome.found->newest_version() == 3u || !outcome.acknowledged);
      });
}

TEST_P(InterruptedChange, ARetiredVersionIsGoneOnceThatIsAcknowledged) {
  expect_openable_at_every_fault(
      [](DomainKeyVault& vault) { return vault.retire_below(2); },
      [](const Outcome& outcome) {
        ASSERT_TRUE(outcome.found);
        EXPECT_EQ(outcome.found->newest_version(), 2u);
        EXPECT_TRUE(outcome.found->oldest_version() == 2u || !outcome.acknowledged);
      });
}

INSTANTIATE_TEST_SUITE_P(EverySeal, InterruptedChange,
                         ::testing::Values(format::SealKind::kKeyFile, format::SealKind::kPassphrase,
                                           format::SealKind::kTpm, format::SealKind::kPkcs11));

}  // namespace
}  // namespace coffer::keys
