// SPDX-License-Identifier: Apache-2.0
// The messages between apid and volumed as bytes: docs/format/control-protocol.md. One packet each; pure and
// bounded. No message holds a secret: keys travel in boxes that only volumed opens.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "control/volumed_client.h"

namespace coffer::control {

inline constexpr uint16_t kProtocolVersion = 1;

// Bounds of what a message may hold, so that each fits a packet.
inline constexpr size_t kLongestName = 64;  // of a volume, layer, attachment, host
inline constexpr size_t kLongestText = 1024;
inline constexpr size_t kLongestWrappedKey = 4096;
inline constexpr size_t kLongestNonce = 64;
inline constexpr size_t kLongestBox = 64 * 1024;
inline constexpr size_t kMostLayers = 24;
inline constexpr size_t kMostVolumesListed = 1024;   // a page of ListVolumes
inline constexpr size_t kMostVolumesDescribed = 24;  // a page of GetStatus

// Requests. `after`: what comes after this volume id; empty for the first page.
struct GetStatus {
  std::string after;
};
struct CreateVolume {
  NewVolume volume;
};
struct DeleteVolume {
  std::string volume_id;
};
struct ListVolumes {
  std::string after;
};
struct PrepareAttachment {
  std::string volume_id, attachment_id;
};
struct AttachVolume {
  std::string volume_id, attachment_id;
  Bytes box;
};
struct DetachVolume {
  std::string volume_id;
  bool force = false;
};
using Request = std::variant<GetStatus, CreateVolume, DeleteVolume, ListVolumes, PrepareAttachment,
                             AttachVolume, DetachVolume>;

// Replies. `more`: there is a further page.
struct Done {};
struct StatusPage {
  VolumedStatus status;
  bool more = false;
};
struct VolumePage {
  std::vector<std::string> volume_ids;
  bool more = false;
};
using Reply = std::variant<Error, Done, StatusPage, VolumePage, PreparedAttachment, AttachedVolume>;

struct NumberedRequest {
  uint64_t number = 0;
  Request request;
};
struct NumberedReply {
  uint64_t number = 0;
  Reply reply;
};

// kLimitExceeded when a field is longer than its bound.
Result<Bytes> write_request(uint64_t number, const Request& request);
// kTooNew for another version, kInvalidArgument when malformed.
Result<NumberedRequest> parse_request(ByteView packet);
// The number of a request of any version, so that one that is refused can be answered.
std::optional<uint64_t> request_number(ByteView packet);

Result<Bytes> write_reply(uint64_t number, const Reply& reply);
Result<NumberedReply> parse_reply(ByteView packet);

}  // namespace coffer::control
