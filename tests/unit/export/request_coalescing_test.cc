// SPDX-License-Identifier: Apache-2.0
// Does the server pause only where requests come together meanwhile, and never where its client waits for it?
#include "export/request_coalescing.h"

#include <gtest/gtest.h>

namespace coffer::exporting {
namespace {

// A client that reads what it was sent during a pause, or does not come to it.
class Client final : public Connection {
 public:
  size_t receive(MutableByteView) override { return 0; }
  bool send(std::span<iovec>) override { return true; }
  // Asked before a pause, and after it.
  bool peer_has_unread() override { return ++asked_ % 2 == 1 || busy; }

  int pauses() const { return asked_ / 2; }
  bool busy = true;

 private:
  int asked_ = 0;
};

int pauses_of(Client& client, RequestCoalescing& coalescing, int rounds, uint32_t requests, uint32_t bytes) {
  const int before = client.pauses();
  for (int round = 0; round < rounds; ++round) {
    for (uint32_t i = 0; i < requests; ++i) coalescing.count(bytes);
    EXPECT_EQ(coalescing.end_round(), requests);
  }
  return client.pauses() - before;
}

TEST(RequestCoalescing, PausesWhileTheClientHasAnswersToRead) {
  Client client;
  RequestCoalescing coalescing(client);
  EXPECT_EQ(pauses_of(client, coalescing, 100, 1, 4096), 100);
}

TEST(RequestCoalescing, BecomesRareWhereTheClientWaits) {
  Client client;
  client.busy = false;
  RequestCoalescing coalescing(client);
  // After 1, 2, 4 … 256 rounds without one, then after each 256.
  EXPECT_EQ(pauses_of(client, coalescing, 511 + 9, 1, 4096), 9);
  EXPECT_LE(pauses_of(client, coalescing, 10'000, 1, 4096), 10'000 / 256 + 1);
  client.busy = true;
  pauses_of(client, coalescing, 257, 1, 4096);
  EXPECT_EQ(pauses_of(client, coalescing, 100, 1, 4096), 100) << "it comes back when it pays";
}

TEST(RequestCoalescing, LeavesLargeRequestsAndFullRoundsAlone) {
  Client client;
  RequestCoalescing coalescing(client);
  EXPECT_EQ(pauses_of(client, coalescing, 10, 8, 64 << 10), 0);
  EXPECT_EQ(pauses_of(client, coalescing, 10, 16, 4096), 0);
  EXPECT_EQ(pauses_of(client, coalescing, 10, 0, 0), 0);
}

}  // namespace
}  // namespace coffer::exporting
