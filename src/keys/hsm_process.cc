// SPDX-License-Identifier: Apache-2.0
#include "keys/hsm_process.h"

#include <poll.h>

#include <cerrno>

#include "keys/sealer_client.h"

namespace coffer::keys {
namespace {

using Clock = std::chrono::steady_clock;
using secret::RawAccess;
using secret::SecretBytes;

bool readable_until(int socket, Clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting{socket, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0;
  }
}

}  // namespace

tl::unexpected<Error> HsmProcess::lost(std::string why) {
  alive_ = false;
  channel_.shutdown();
  return fail(ErrorKind::kUnavailable, std::move(why));
}

Result<SecretBytes> HsmProcess::call(const format::sealer::RequestView& request, Milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  const std::unique_lock lock(mutex_, deadline);
  if (!lock.owns_lock()) return fail(ErrorKind::kUnavailable, "the key store's token is busy");
  constexpr const char* kEnded = "the process of the key store's token has ended";
  if (!alive_) return fail(ErrorKind::kUnavailable, kEnded);
  SecretBytes packet(format::sealer::request_size(request));
  if (packet.size() > format::sealer::kLargestPacket)
    return fail(ErrorKind::kLimitExceeded, "the request does not fit a packet");
  format::sealer::encode_request(request, packet.write(RawAccess::because("the token gets a request")));
  if (!channel_.send(packet.read(RawAccess::because("the token gets a request")))) return lost(kEnded);
  if (!readable_until(channel_.descriptor(), deadline))
    return lost("the key store's token did not answer in time");
  SecretBytes reply(format::sealer::kLargestPacket);
  const MutableByteView raw = reply.write(RawAccess::because("the token's reply may hold plaintext"));
  const auto size = channel_.receive_into(raw);
  if (!size) return lost(kEnded);
  auto body = parse_sealer_reply(raw.first(*size));
  if (!body && body.error().kind == ErrorKind::kUnavailable) return lost(body.error().message);  // as it says
  return body;
}

}  // namespace coffer::keys
