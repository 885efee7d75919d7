// SPDX-License-Identifier: Apache-2.0
// A seal's device may take its time. Does keyd go on meanwhile?
#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "crypto/random.h"
#include "keyclient/keyd_client.h"
#include "keys/server.h"
#include "seals/seal_request.h"
#include "tests/support/scratch_folder.h"

namespace coffer::keyclient {
namespace {

using format::SealKind;
using secret::SecretBytes;
using std::chrono::steady_clock;

TEST(SlowSeal, ChangesOfItHoldUpNeitherStatusNorKeys) {
  ScratchFolder folder;
  const SecretBytes key = crypto::random_secret(32);
  const auto seal = [&](const char* description) {
    return std::make_unique<seals::Seal>(SealKind::kPassphrase, format::UuidBytes{7}, Bytes{}, key.clone(),
                                         description);
  };
  keys::DomainKeyStore store(system_disk(), folder / "keyd");
  auto first = store.initialise(*seal("old"));
  ASSERT_TRUE(first);
  keys::DomainKeyVault vault(std::move(*first), seal("old"), &store);
  std::latch device(1);
  const auto make = [&](const format::SealMaterialView&, const format::UuidBytes&,
                        uint64_t) -> Result<keys::NewSeal> {
    device.wait();
    return keys::NewSeal{seal("new"), {}};
  };
  const keys::SealMemory memory{[](const SecretBytes&) { return Status(); },
                                [](const SecretBytes&) { return Status(); }};
  auto control = keys::SealControl::create(system_disk(), folder / "keyd", vault, make, memory, {});
  ASSERT_TRUE(control);
  keys::Operations operations(vault, control->get(), system_clock());
  keys::Server server(operations);
  auto pair = make_channel_pair();
  ASSERT_TRUE(server.serve("apid", "i-1", std::move(pair->first)));
  KeydClient apid;
  apid.connect(std::move(pair->second));

  const uint64_t sequence = apid.seal_status()->sequence;
  std::vector<std::thread> changing;
  std::atomic<int> changed = 0;
  for (int i = 0; i < 12; ++i)
    changing.emplace_back([&] {
      const auto box = seals::box_request(folder / "keyd", format::kChangeSealBinding, sequence,
                                          {SealKind::kPassphrase, {}, Bytes(32, 5)});
      if (box && apid.change_seal(SealKind::kPassphrase, sequence, *box)) ++changed;
    });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const auto start = steady_clock::now();
  const auto status = apid.seal_status();
  EXPECT_TRUE(status) << status.error().message;
  EXPECT_TRUE(status && status->sequence == sequence && status->description == "old");
  EXPECT_TRUE(apid.status());
  EXPECT_TRUE(
      apid.create_backing_key({"123456789012", "us-west-2", "1234abcd-12ab-34cd-56ef-1234567890ab"}, 1));
  EXPECT_LT(std::chrono::duration<double>(steady_clock::now() - start).count(), 2.0);
  device.count_down();
  for (auto& thread : changing) thread.join();
  EXPECT_EQ(changed, 1) << "the others saw another sequence number";
  EXPECT_EQ(apid.seal_status()->description, "new");
  EXPECT_GT(apid.seal_status()->sequence, sequence);
}

}  // namespace
}  // namespace coffer::keyclient
