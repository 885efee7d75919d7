// SPDX-License-Identifier: Apache-2.0
#include "keys/sealer_client.h"

#include <spawn.h>
#include <unistd.h>
#include <csignal>
#include <cstring>

#include "format/error_code.h"

extern char** environ;

namespace coffer::keys {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

constexpr int kSealersChannel = 3;

}  // namespace

Result<SecretBytes> parse_sealer_reply(ByteView packet) {
  format::Reader reader(packet);
  const uint8_t code = reader.u8();
  if (reader.ok() && code == 0) return SecretBytes::copy_of(reader.raw(reader.left()));
  const auto kind = format::error_kind(code);
  std::string message = reader.text_field();
  if (!reader.at_end() || !kind)
    return fail(ErrorKind::kInternal, "the sealer's answer cannot be understood");
  return fail(*kind, std::move(message));
}

Result<std::unique_ptr<SealerClient>> SealerClient::start(const std::string& program) {
  COFFER_TRY(pair, make_channel_pair());
  ::signal(SIGCHLD, SIG_IGN);  // nobody waits for it
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pair.second.get(), kSealersChannel);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, kSealersChannel + 1);
  // What keyd ignores the sealer must not: it waits for a process of its own.
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t defaults;
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGCHLD);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  char* const arguments[] = {const_cast<char*>(program.c_str()), nullptr};
  pid_t pid = -1;
  const int code = ::posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments, environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (code != 0) return fail(ErrorKind::kUnavailable, program + ": " + std::strerror(code));
  return std::make_unique<SealerClient>(std::move(pair.first));
}

Result<SecretBytes> SealerClient::call(const format::sealer::RequestView& request) {
  const std::lock_guard lock(mutex_);
  SecretBytes packet(format::sealer::request_size(request));
  format::sealer::encode_request(request, packet.write(RawAccess::because("the sealer gets a request")));
  const auto gone = [](const Error& error) {
    return fail(ErrorKind::kUnavailable,
                "coffer-sealer is gone, until keyd is started again: " + error.message);
  };
  if (const Status sent = channel_.send(packet.read(RawAccess::because("the sealer gets a request"))); !sent)
    return gone(sent.error());
  SecretBytes reply(format::sealer::kLargestPacket);
  const MutableByteView raw = reply.write(RawAccess::because("the sealer's reply may hold a key"));
  const auto size = channel_.receive_into(raw);
  if (!size) return gone(size.error());
  return parse_sealer_reply(raw.first(*size));
}

}  // namespace coffer::keys
