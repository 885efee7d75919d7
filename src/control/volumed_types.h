// SPDX-License-Identifier: Apache-2.0
// What apid and volumed tell each other about: volumes, snapshots, their layers and keys, background work.
// Plain values without secrets: data keys travel wrapped, or in boxes that only volumed opens.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace coffer::control {

// A layer, to be made or as it is.
struct NewLayer {
  std::string layer_id;              // "layer-" + 17 hex
  std::optional<Bytes> wrapped_key;  // a ciphertext blob; absent: not encrypted
  // The value of aws:ebs:id under which the key was wrapped: the volume's or snapshot's that it was made for.
  std::string key_context;
};

struct NewVolume {
  std::string volume_id;
  uint64_t size_bytes = 0;  // at least the snapshot's
  NewLayer layer;
  std::string snapshot_id;   // what it is made of; empty: an empty volume
  bool independent = false;  // copies the base's contents in the background, then lets go of it
};

// What a subject (a volume, a snapshot, or a layer that background work fills) needs to be opened.
struct PreparedKeys {
  std::vector<NewLayer> layers;  // the encrypted ones of its chain, top first
  Bytes nonce;                   // what every box of the session must be bound to
};

struct AttachedVolume {
  std::string volume_id;
  std::string attachment_id;
  std::string socket_path;  // NBD, export name = volume id
  uint64_t size_bytes = 0;
  bool encrypted = false;
  uint32_t clients = 0;
  std::string failure;  // why it stopped serving (a failed flush), or empty
};

struct VolumedStatus {
  std::string host_id;
  std::string arena;
  std::string cipher;  // "AES-256-XTS (VAES-512)": who runs it
  std::string io;      // "buffered", "direct (io_uring)": how volumes' files are read and written
  std::vector<AttachedVolume> attached;
};

// What volumed has for NBD over TLS: the public half of a key pair of its own (SubjectPublicKeyInfo); empty
// when it does not listen.
struct NbdKey {
  Bytes public_key_der;
};

struct NewSnapshot {
  std::string snapshot_id, volume_id;
  NewLayer new_top;        // the volume's next top layer; the present one becomes the snapshot
  std::string session_id;  // holds new_top's key; needed only while the volume is open (attached, worked on)
};

// A snapshot that is not made of a volume: a copy, or one that is written block by block.
struct NewDetachedSnapshot {
  std::string snapshot_id;
  uint64_t size_bytes = 0;
  NewLayer layer;
  std::string source_snapshot_id;  // a copy: its contents come from there, by background work
  std::string parent_snapshot_id;  // a written one: what is not written comes from there; may be empty
};

struct SnapshotDescription {
  std::string snapshot_id;
  uint64_t size_bytes = 0;
  bool complete = false;  // durable and whole
};

// Background work: copies, and lifts (a clone's hydration, a re-key, the merge of a deleted snapshot's layer
// into the one above). Goes on by itself where the keys are in memory; else it waits for them.
struct Job {
  std::string subject_id;  // copy: the new snapshot's id; lift: the id of the layer that is filled
  std::string kind;        // "copy", "hydrate" (clone and re-key), "merge"
  std::string volume_id;   // lift: a volume whose chain holds the layer, or empty
  std::string state;       // "waiting" (for keys), "running", "failed" (run_job tries again)
  uint64_t done_bytes = 0, total_bytes = 0;
  std::string failure;  // the last one
};

// A volume, a snapshot or a layer, with what it stands on.
struct StoredNode {
  std::string id;                    // "vol-…", "snap-…", "layer-…"
  std::string below;                 // its layer, or the layer below it; empty: nothing
  std::optional<Bytes> wrapped_key;  // of an encrypted layer
  std::string key_context;           // under which it was wrapped, as NewLayer's
  bool independent = false;          // of a layer: it is being filled, until it needs nothing below
};

// The unit of block access to snapshots (EBS direct APIs).
inline constexpr uint32_t kBlockSize = 512 * 1024;

}  // namespace coffer::control
