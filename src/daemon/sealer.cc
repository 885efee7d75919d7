// SPDX-License-Identifier: Apache-2.0
// coffer-sealer: what speaks to a TPM or to a PKCS#11 token for keyd, which may do neither. One channel,
// descriptor 3, with which it ends. Started by keyd, for seals; or with --key-store by the supervisor, at
// keyd's wish, for the keys of one custom key store.
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <thread>

#include "base/log.h"
#include "base/packet_channel.h"
#include "base/process_hardening.h"
#include "format/sealer_protocol.h"
#include "sealer/dispatch.h"
#include "sealer/hsm_dispatch.h"
#include "secret/arena.h"

namespace coffer {
namespace {

using secret::RawAccess;

constexpr int kChannel = 3;
constexpr size_t kArenaSize = 1 << 20;
constexpr auto kTimeToLogOut = std::chrono::seconds(5);

// Until the channel ends, or `is_done` after an answer.
void serve(const std::function<secret::SecretBytes(ByteView)>& answer, const std::function<bool()>& is_done) {
  PacketChannel channel{FileDescriptor(kChannel)};
  secret::SecretBytes buffer(format::sealer::kLargestPacket);
  const MutableByteView packet = buffer.write(RawAccess::because("requests carry keys and PINs"));
  while (!is_done()) {
    const auto size = channel.receive_into(packet);
    if (!size) return;
    const auto reply = answer(packet.first(*size));
    secret::wipe(packet.first(*size));
    if (!channel.send(reply.read(RawAccess::because("replies carry keys")))) return;
  }
}

// A token that does not answer must not keep a process that nobody waits for any more.
void end_with_the_channel() {
  std::thread([] {
    pollfd gone{kChannel, 0, 0};
    while (::poll(&gone, 1, -1) < 0 || (gone.revents & (POLLHUP | POLLNVAL)) == 0) {
    }
    std::this_thread::sleep_for(kTimeToLogOut);
    ::_exit(0);
  }).detach();
}

void serve_key_store() {
  end_with_the_channel();
  sealer::HsmDispatch dispatch;
  serve([&](ByteView packet) { return dispatch.answer(packet); }, [&] { return dispatch.is_lost(); });
}

}  // namespace
}  // namespace coffer

int main(int count, char** words) {
  using namespace coffer;
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
  const bool for_key_store = count == 2 && std::string_view(words[1]) == "--key-store";
  if (for_key_store)
    serve_key_store();
  else
    serve(sealer::answer, [] { return false; });
  return 0;
}
