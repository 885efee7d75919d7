// SPDX-License-Identifier: Apache-2.0
// What each message between apid and volumed holds, in order: docs/format/control-protocol.md. One
// description serves reading and writing (message_codec.h).
#pragma once
#include <algorithm>
#include <type_traits>

#include "control/message_codec.h"
#include "control/messages.h"

namespace coffer::control {

template <class Codec, class... Texts>
void names(Codec& codec, Texts&... values) {
  (codec.text(values, kLongestName), ...);
}

template <class Codec, class List, class Item>
void list(Codec& codec, List& items, size_t most, Item item) {
  uint16_t count = static_cast<uint16_t>(std::min<size_t>(items.size(), 0xffff));
  codec.integer(count);
  if (count > most) return codec.fail();
  if constexpr (Codec::kReads) items.resize(codec.ok() ? count : 0);
  for (auto& one : items) item(codec, one);
}

inline constexpr auto layer_fields = [](auto& codec, auto& layer) {
  using Codec = std::remove_reference_t<decltype(codec)>;
  names(codec, layer.layer_id, layer.key_context);
  bool encrypted = layer.wrapped_key.has_value();
  codec.flag(encrypted);
  if (!encrypted) return;
  if constexpr (Codec::kReads) layer.wrapped_key.emplace();
  codec.bytes(*layer.wrapped_key, kLongestWrappedKey);
};

inline constexpr auto attached_fields = [](auto& codec, auto& volume) {
  names(codec, volume.volume_id, volume.attachment_id);
  codec.text(volume.socket_path, kLongestText);
  codec.integer(volume.size_bytes);
  codec.flag(volume.encrypted);
  codec.integer(volume.clients);
  codec.text(volume.failure, kLongestText);
};

inline constexpr auto new_snapshot_fields = [](auto& codec, auto& snapshot) {
  names(codec, snapshot.snapshot_id, snapshot.volume_id);
  layer_fields(codec, snapshot.new_top);
  names(codec, snapshot.session_id);
};

inline constexpr auto snapshot_fields = [](auto& codec, auto& snapshot) {
  names(codec, snapshot.snapshot_id);
  codec.integer(snapshot.size_bytes);
  codec.flag(snapshot.complete);
};

inline constexpr auto job_fields = [](auto& codec, auto& job) {
  names(codec, job.subject_id, job.kind, job.volume_id, job.state);
  codec.integer(job.done_bytes);
  codec.integer(job.total_bytes);
  codec.text(job.failure, kLongestText);
};

inline constexpr auto node_fields = [](auto& codec, auto& node) {
  using Codec = std::remove_reference_t<decltype(codec)>;
  names(codec, node.id, node.below, node.key_context);
  codec.flag(node.independent);
  bool encrypted = node.wrapped_key.has_value();
  codec.flag(encrypted);
  if (!encrypted) return;
  if constexpr (Codec::kReads) node.wrapped_key.emplace();
  codec.bytes(*node.wrapped_key, kLongestWrappedKey);
};

template <class Message, class... Messages>
inline constexpr bool is_one_of = (std::is_same_v<std::remove_const_t<Message>, Messages> || ...);

// --- requests
template <class Codec, class Message>
requires is_one_of<Message, GetStatus, ListVolumes, ListSnapshots, ListJobs, ListNodes>
void visit(Codec& codec, Message& message) {
  names(codec, message.after);
}

template <class Codec, class Message>
requires is_one_of<Message, DeleteVolume, AttachVolume, DetachVolume, SetLimits, GrowVolume>
void visit(Codec& codec, Message& message) {
  names(codec, message.volume_id);
  if constexpr (is_one_of<Message, AttachVolume>) {
    names(codec, message.attachment_id);
  } else if constexpr (is_one_of<Message, DetachVolume>) {
    codec.flag(message.force);
  } else if constexpr (is_one_of<Message, SetLimits>) {
    codec.integer(message.iops);
    codec.integer(message.bytes_per_second);
  } else if constexpr (is_one_of<Message, GrowVolume>) {
    codec.integer(message.size_bytes);
  }
}

template <class Codec, class Message>
requires is_one_of<Message, CreateVolume>
void visit(Codec& codec, Message& message) {
  names(codec, message.volume.volume_id);
  codec.integer(message.volume.size_bytes);
  layer_fields(codec, message.volume.layer);
  names(codec, message.volume.snapshot_id);
  codec.flag(message.volume.independent);
}

template <class Codec, class Message>
requires is_one_of<Message, PrepareKeys, DeliverKeys, RunJob>
void visit(Codec& codec, Message& message) {
  names(codec, message.subject_id, message.session_id);
  if constexpr (is_one_of<Message, PrepareKeys>)
    codec.integer(message.first);
  else if constexpr (is_one_of<Message, DeliverKeys>)
    codec.bytes(message.box, kLongestBox);
}

template <class Codec, class Message>
requires is_one_of<Message, CreateSnapshots>
void visit(Codec& codec, Message& message) {
  list(codec, message.snapshots, kMostSnapshotsCreated, new_snapshot_fields);
}

template <class Codec, class Message>
requires is_one_of<Message, CreateDetachedSnapshot>
void visit(Codec& codec, Message& message) {
  names(codec, message.snapshot.snapshot_id);
  codec.integer(message.snapshot.size_bytes);
  layer_fields(codec, message.snapshot.layer);
  names(codec, message.snapshot.source_snapshot_id, message.snapshot.parent_snapshot_id);
}

template <class Codec, class Message>
requires is_one_of<Message, RekeyVolume>
void visit(Codec& codec, Message& message) {
  names(codec, message.volume_id);
  layer_fields(codec, message.layer);
  names(codec, message.session_id);
}

template <class Codec, class Message>
requires is_one_of<Message, ReplaceLayerKey>
void visit(Codec& codec, Message& message) {
  names(codec, message.layer_id);
  codec.bytes(message.before, kLongestWrappedKey);
  codec.bytes(message.after, kLongestWrappedKey);
}

template <class Codec, class Message>
requires is_one_of<Message, SetJobRate>
void visit(Codec& codec, Message& message) {
  codec.integer(message.bytes_per_second);
}

template <class Codec, class Message>
requires is_one_of<Message, CompleteSnapshot, DeleteSnapshot, OpenSnapshot, ListBlocks, ReadBlock, WriteBlock>
void visit(Codec& codec, Message& message) {
  names(codec, message.snapshot_id);
  if constexpr (is_one_of<Message, OpenSnapshot>) {
    names(codec, message.session_id);
  } else if constexpr (is_one_of<Message, ListBlocks>) {
    names(codec, message.base_snapshot_id);
    codec.integer(message.first);
    codec.integer(message.most);
  } else if constexpr (is_one_of<Message, ReadBlock>) {
    codec.integer(message.block);
    codec.integer(message.offset);
    codec.integer(message.length);
  } else if constexpr (is_one_of<Message, WriteBlock>) {
    codec.integer(message.block);
    codec.integer(message.offset);
    codec.bytes(message.data, kLongestPiece);
  }
}

template <class Codec, class Message>
requires is_one_of<Message, SetNbdCertificate>
void visit(Codec& codec, Message& message) {
  codec.bytes(message.certificate_der, kLongestCertificate);
  codec.bytes(message.authority_der, kLongestCertificate);
}

// --- replies, and what has no body
template <class Codec, class Message>
requires is_one_of<Message, NbdKey>
void visit(Codec& codec, Message& message) {
  codec.bytes(message.public_key_der, kLongestCertificate);
}

template <class Codec, class Message>
requires is_one_of<Message, Done, GetNbdKey>
void visit(Codec&, Message&) {}

template <class Codec, class Message>
requires is_one_of<Message, AttachedVolume>
void visit(Codec& codec, Message& message) {
  attached_fields(codec, message);
}

template <class Codec, class Message>
requires is_one_of<Message, BlockPiece>
void visit(Codec& codec, Message& message) {
  codec.bytes(message.data, kLongestPiece);
}

template <class Codec, class Message>
requires is_one_of<Message, StatusPage, VolumePage, KeyPage, SnapshotPage, JobPage, BlockList, NodePage>
void visit(Codec& codec, Message& message) {
  if constexpr (is_one_of<Message, StatusPage>) {
    names(codec, message.status.host_id);
    codec.text(message.status.arena, kLongestText);
    codec.text(message.status.cipher, kLongestText);
    codec.text(message.status.io, kLongestText);
    list(codec, message.status.attached, kMostVolumesDescribed, attached_fields);
  } else if constexpr (is_one_of<Message, VolumePage>) {
    list(codec, message.volume_ids, kMostVolumesListed, [](auto& to, auto& id) { names(to, id); });
  } else if constexpr (is_one_of<Message, KeyPage>) {
    list(codec, message.keys.layers, kMostLayers, layer_fields);
    codec.bytes(message.keys.nonce, kLongestNonce);
  } else if constexpr (is_one_of<Message, SnapshotPage>) {
    list(codec, message.snapshots, kMostSnapshotsListed, snapshot_fields);
  } else if constexpr (is_one_of<Message, JobPage>) {
    list(codec, message.jobs, kMostJobsListed, job_fields);
  } else if constexpr (is_one_of<Message, NodePage>) {
    list(codec, message.nodes, kMostNodesListed, node_fields);
  } else {
    list(codec, message.blocks, kMostBlocksListed, [](auto& to, auto& block) { to.integer(block); });
  }
  codec.flag(message.more);
}

}  // namespace coffer::control
