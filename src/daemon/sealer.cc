// SPDX-License-Identifier: Apache-2.0
// coffer-sealer: what speaks to a TPM or to a PKCS#11 token for keyd, which may do neither. Started by keyd
// with one channel, descriptor 3; ends with it.
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "base/packet_channel.h"
#include "base/process_hardening.h"
#include "format/sealer_protocol.h"
#include "sealer/dispatch.h"
#include "secret/arena.h"

int main() {
  using namespace coffer;
  using secret::RawAccess;
  constexpr int kChannel = 3;
  constexpr size_t kArenaSize = 1 << 20;
  secret::initialise_arena(kArenaSize);
  ::setenv("TSS2_LOG", "all+NONE", 0);  // what fails is said in our own words
  set_log_process("sealer");
  // It ends when keyd does, and not before: a Ctrl-C reaches the whole foreground group.
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGTERM, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  if (const Status undumpable = forbid_core_dumps(); !undumpable) {
    log_error("{}", undumpable.error().message);
    return 1;
  }
  PacketChannel channel{FileDescriptor(kChannel)};
  secret::SecretBytes buffer(format::sealer::kLargestPacket);
  const MutableByteView packet = buffer.write(RawAccess::because("requests carry keys and PINs"));
  while (true) {
    const auto size = channel.receive_into(packet);
    if (!size) return 0;
    const auto reply = sealer::answer(packet.first(*size));
    secret::wipe(packet.first(*size));
    if (!channel.send(reply.read(RawAccess::because("replies carry keys")))) return 0;
  }
}
