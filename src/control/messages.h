// SPDX-License-Identifier: Apache-2.0
// The messages between apid and volumed as bytes: docs/format/control-protocol.md. One packet each; pure and
// bounded. No message holds a key that is not wrapped or boxed; BlockPiece and WriteBlock hold contents.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "control/volumed_types.h"

namespace coffer::control {

inline constexpr uint16_t kProtocolVersion = 2;

// Bounds of what a message may hold, so that each fits a packet.
inline constexpr size_t kLongestName = 64;  // of a volume, snapshot, layer, attachment, session, host
inline constexpr size_t kLongestText = 1024;
inline constexpr size_t kLongestWrappedKey = 4096;
inline constexpr size_t kLongestNonce = 64;
inline constexpr size_t kLongestBox = 64 * 1024;
inline constexpr size_t kLongestCertificate = 16 * 1024;  // DER; also of a public key
inline constexpr size_t kLongestPiece = 64 * 1024;        // of a block
inline constexpr size_t kMostLayers = 1024;               // a page of PrepareKeys, which also is at most
inline constexpr size_t kLongestLayers = 96 * 1024;       // this long
inline constexpr size_t kMostVolumesListed = 1024;        // a page of ListVolumes
inline constexpr size_t kMostVolumesDescribed = 24;       // a page of GetStatus
inline constexpr size_t kMostSnapshotsCreated = 256;
inline constexpr size_t kMostSnapshotsListed = 1024;  // a page of ListSnapshots
inline constexpr size_t kMostJobsListed = 80;         // a page of ListJobs
inline constexpr size_t kMostNodesListed = 512;       // a page of ListNodes, also of kLongestLayers at most
inline constexpr size_t kMostBlocksListed = 16 * 1024;

// Requests. `after`: what comes after this id; empty for the first page.
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
// From `first` on, which is 0 for a new session, else the number of layers of the pages before.
struct PrepareKeys {
  std::string subject_id, session_id;
  uint32_t first = 0;
};
struct DeliverKeys {
  std::string subject_id, session_id;
  Bytes box;
};
struct AttachVolume {
  std::string volume_id, attachment_id;
};
struct DetachVolume {
  std::string volume_id;
  bool force = false;
};
struct SetLimits {
  std::string volume_id;
  uint32_t iops = 0;
  uint64_t bytes_per_second = 0;
};
struct GrowVolume {
  std::string volume_id;
  uint64_t size_bytes = 0;
};
struct CreateSnapshots {
  std::vector<NewSnapshot> snapshots;
};
struct CompleteSnapshot {
  std::string snapshot_id;
};
struct DeleteSnapshot {
  std::string snapshot_id;
};
struct ListSnapshots {
  std::string after;
};
struct CreateDetachedSnapshot {
  NewDetachedSnapshot snapshot;
};
struct RekeyVolume {
  std::string volume_id;
  NewLayer layer;
  std::string session_id;
};
struct ListJobs {
  std::string after;
};
struct RunJob {
  std::string subject_id, session_id;
};
struct SetJobRate {
  uint64_t bytes_per_second = 0;
};
struct ListBlocks {
  std::string snapshot_id, base_snapshot_id;
  uint32_t first = 0, most = 0;
};
struct OpenSnapshot {
  std::string snapshot_id, session_id;
};
// A piece of a block: `offset` in bytes from the block's start.
struct ReadBlock {
  std::string snapshot_id;
  uint32_t block = 0, offset = 0, length = 0;
};
struct WriteBlock {
  std::string snapshot_id;
  uint32_t block = 0, offset = 0;
  Bytes data;
};
struct GetNbdKey {};
struct SetNbdCertificate {
  Bytes certificate_der, authority_der;
};
struct ListNodes {
  std::string after;
};
// Another wrapping of a layer's data key, in place of `before`.
struct ReplaceLayerKey {
  std::string layer_id;
  Bytes before, after;
};
using Request = std::variant<GetStatus, CreateVolume, DeleteVolume, ListVolumes, PrepareKeys, DeliverKeys,
                             AttachVolume, DetachVolume, SetLimits, GrowVolume, CreateSnapshots,
                             CompleteSnapshot, DeleteSnapshot, ListSnapshots, CreateDetachedSnapshot,
                             RekeyVolume, ListJobs, RunJob, SetJobRate, ListBlocks, OpenSnapshot, ReadBlock,
                             WriteBlock, GetNbdKey, SetNbdCertificate, ListNodes, ReplaceLayerKey>;

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
struct KeyPage {
  PreparedKeys keys;
  bool more = false;
};
struct SnapshotPage {
  std::vector<SnapshotDescription> snapshots;
  bool more = false;
};
struct JobPage {
  std::vector<Job> jobs;
  bool more = false;
};
struct BlockList {
  std::vector<uint32_t> blocks;
  bool more = false;
};
struct BlockPiece {
  Bytes data;
};
struct NodePage {
  std::vector<StoredNode> nodes;
  bool more = false;
};
using Reply = std::variant<Error, Done, StatusPage, VolumePage, KeyPage, AttachedVolume, SnapshotPage,
                           JobPage, BlockList, BlockPiece, NbdKey, NodePage>;

struct NumberedRequest {
  uint64_t number = 0;
  Request request;
};
struct NumberedReply {
  uint64_t number = 0;
  Reply reply;
};

// kLimitExceeded when a field, or the whole, is longer than its bound.
Result<Bytes> write_request(uint64_t number, const Request& request);
// kTooNew for another version, kInvalidArgument when malformed.
Result<NumberedRequest> parse_request(ByteView packet);
// The number of a request of any version, so that one that is refused can be answered.
std::optional<uint64_t> request_number(ByteView packet);

Result<Bytes> write_reply(uint64_t number, const Reply& reply);
Result<NumberedReply> parse_reply(ByteView packet);

}  // namespace coffer::control
