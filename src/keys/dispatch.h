// SPDX-License-Identifier: Apache-2.0
// From a request packet to a reply packet: which operations a channel may call, and nothing of what they do.
#pragma once
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "keys/operations.h"
#include "secret/secret_bytes.h"

namespace coffer::keys {

// Who is at the other end, as the supervisor said when it handed out the channel.
struct ChannelRole {
  enum class Kind {
    kApi,        // apid: everything but enrolment
    kRecipient,  // volumed: enrolment and nothing else
  };
  Kind kind = Kind::kApi;
  std::string host_id;

  // Nothing for a process that has no business with keyd.
  static std::optional<ChannelRole> of_peer(std::string_view process, const std::string& host_id);
};

// The reply to one packet. An error means that the packet is not even a request, and the channel should be
// closed.
Result<secret::SecretBytes> answer(Operations& operations, const ChannelRole& role, ByteView packet);

}  // namespace coffer::keys
