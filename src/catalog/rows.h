// SPDX-License-Identifier: Apache-2.0
// What the catalog stores, as plain structs. Times are base/clock.h Timestamps.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace coffer::catalog {

struct Account {
  std::string id;
  Timestamp created;
  std::optional<Timestamp> closed = {};  // then nobody uses it, or what it owns, any more
  std::string name = {}, email = {};     // empty until it is in an organization for the first time
};

struct AccessKey {
  std::string id;  // AKIA…
  std::string account;
  std::string principal_arn;  // arn:aws:iam::ACCOUNT:root; empty for a user's
  Bytes wrapped_secret;
  bool active = true;
  Timestamp created;
  std::string user_id = {};                 // AIDA…; empty for the root user's
  std::optional<Timestamp> last_used = {};  // about: stored now and then
  std::string last_service = {}, last_region = {};
};

// A KMS key in one region. The keys of a multi-Region key have one id, and a row in each of their regions.
struct Key {
  std::string id;  // UUID, or "mrk-" and 32 hex digits
  std::string account, region;
  std::string description;
  std::string policy;   // JSON
  std::string state;    // "Enabled" and the others of kms/key_states.h
  std::string manager;  // "CUSTOMER", "AWS"
  std::string usage, spec, origin;
  bool multi_region = false;
  Timestamp created;
  std::vector<std::pair<std::string, std::string>> tags;
  uint32_t current_version = 1;
  std::string primary_region;              // of a multi-Region key, else empty
  std::optional<Timestamp> deletion_date;  // of one that is pending deletion
  uint32_t deletion_window_days = 0;       // as asked for; a primary's runs once its replicas are gone
  bool rotation_enabled = false;           // on the primary of a multi-Region key
  uint32_t rotation_period_days = 365;
  std::optional<Timestamp> next_rotation;               // of one whose rotation is enabled
  uint32_t on_demand_rotations = 0;                     // so many have been asked for
  std::optional<Timestamp> on_demand_rotation_started;  // one that is under way
  std::string custom_key_store_id = {};                 // of a key in a custom key store, else empty
  std::string store_key_id = {};  // how that store names its key: XksKeyId, or the label in a token
  // What it follows from the store's state, as it is read: the key cannot be used. Never written.
  bool store_is_disconnected = false;
};

// A custom key store (KMS API, CustomKeyStoresListEntry). Of the fields after `wrapped_secret`, those of the
// other type are empty.
struct CustomKeyStore {
  std::string id;  // "cks-" and 17 hexadecimal digits
  std::string account, region;
  std::string name;
  std::string type;              // "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"
  std::string connection_state;  // "CONNECTED" and the others of ConnectionStateType
  std::string connection_error;  // of FAILED: a ConnectionErrorCodeType
  Timestamp created;
  Bytes wrapped_secret;  // the password, or the proxy's secret access key, as keyd wrapped it
  std::string cluster_id, trust_anchor;
  std::string connectivity;  // "PUBLIC_ENDPOINT", "VPC_ENDPOINT_SERVICE"
  std::string uri_endpoint, uri_path;
  std::string vpc_endpoint_service;
  std::string access_key_id;  // the proxy's
};

// One version of a KMS key's material. The first was made with the key, each further one by a rotation.
struct BackingKey {
  std::string key_id;
  uint32_t version = 1;
  Bytes token;                     // empty: imported material that was deleted or has expired
  std::string region = {};         // the key's, also of the token
  std::string rotation_type = {};  // "AUTOMATIC", "ON_DEMAND"; empty for the first
  std::optional<Timestamp> rotated = {};
  Bytes public_key = {};         // SubjectPublicKeyInfo; empty unless it is a key pair
  std::string material_id = {};  // 64 hexadecimal digits, of imported material; kept when that is deleted
  std::string expiration_model = {};  // of imported material: "KEY_MATERIAL_EXPIRES" or the other
  std::optional<Timestamp> valid_to = {};
};

// A key of a cluster's custom key store that is no more, while the cluster's token may still have its object.
struct KeyLeftInToken {
  std::string custom_key_store_id;
  std::string account;
  BackingKey material;  // its region, key id, version and token
};

// A KMS key whose tokens were erased. The row is what remains of it: old copies of the catalog still hold
// the tokens, so its destruction is complete only once no domain key up to this version exists.
struct DestroyedKey {
  std::string id;
  std::string account, region;
  Timestamp destroyed;
  uint32_t domain_key_version = 0;
};

// When a KMS key was last used for cryptography, as GetKeyLastUsage tells.
struct KeyUsage {
  std::string key_id, region;
  std::string operation, event_id, request_id;
  Timestamp time;
};

struct Alias {
  std::string account, region;
  std::string name;  // with "alias/"
  std::string target_key_id;
  Timestamp created, updated;
};

// A grant on a KMS key (AWS KMS API, GrantListEntry).
struct Grant {
  std::string id;  // 64 hexadecimal digits
  std::string key_id, region;
  std::string issuing_account;  // of whoever made it
  std::string name;             // empty without one
  std::string grantee_principal;
  std::string retiring_principal;       // empty without one
  std::vector<std::string> operations;  // "Decrypt"; sorted, no two alike
  enum class Constraint { kNone, kContextEquals, kContextSubset };
  Constraint constraint = Constraint::kNone;
  std::map<std::string, std::string> constraint_context;
  Timestamp created;
};

struct GrantFilter {
  std::string region, key_id;
  std::string id, grantee_principal;  // only these; empty: all
};

struct Volume {
  std::string id;
  std::string account, region;
  std::string availability_zone;
  std::string state;  // creating, available, in-use, deleting, deleted
  uint32_t size_gib = 0;
  std::string type;
  std::optional<int32_t> iops, throughput;
  bool encrypted = false;
  std::string kms_key_arn;  // empty when not encrypted
  std::string snapshot_id;
  std::string layer_id;      // the first layer's
  Bytes wrapped_key;         // only until the store holds it
  std::string failure_code;  // why it failed: "coffer volume why"
  std::string failure_message;
  bool multi_attach = false;
  bool independent = false;            // takes its snapshot's contents over, by work in the background
  std::string data_encryption_key_id;  // names the lineage of its data keys; empty when not encrypted
  std::string principal_arn;           // who made it; work in the background acts for them
  Timestamp created;
  std::optional<Timestamp> deleted;
  std::vector<std::pair<std::string, std::string>> tags;
};

// A snapshot; made of a volume, copied from another snapshot, or written block by block.
struct Snapshot {
  std::string id;  // "snap-" + 17 hex
  std::string account, region;
  std::string volume_id;  // "vol-ffffffff" where it was made of none, as at AWS
  uint32_t volume_size_gib = 0;
  // creating (a call is under way, nobody sees it), pending, completed, error, deleting (gone, as far as
  // anybody sees). The row goes once volumed has deleted it.
  std::string state;
  std::string state_message;  // of `error`: the cause and what to do
  uint32_t progress = 0;      // percent
  std::string description;
  bool encrypted = false;
  std::string kms_key_arn;                        // empty when not encrypted
  std::string data_encryption_key_id;             // as for volumes
  std::string source_snapshot_id, source_region;  // of a copy
  std::string parent_snapshot_id;                 // of a written one
  // The layer that is made with it: the volume's next top, or the snapshot's own.
  std::string layer_id;
  Bytes wrapped_key;          // only until the store holds it
  std::string principal_arn;  // who asked; work in the background acts for them
  Timestamp started;
  std::optional<Timestamp> completed;
  std::vector<std::pair<std::string, std::string>> tags;
};

// What is known of a snapshot while it is written block by block, and until its blocks are forgotten after.
struct SnapshotUpload {
  std::string snapshot_id;
  uint32_t timeout_minutes = 60;  // given up when nothing was written for so long
  Timestamp last_active;
};

struct WrittenBlock {
  uint32_t index = 0;
  Bytes checksum;  // SHA-256 of its contents
};

struct VolumeSettings {
  uint32_t size_gib = 0;
  std::string type;
  std::optional<int32_t> iops, throughput;
};

// One ModifyVolume.
struct VolumeModification {
  std::string volume_id;
  std::string account, region;
  VolumeSettings original, target;
  std::string state;  // modifying, optimizing, completed, failed
  std::string status_message;
  uint32_t progress = 0;  // percent
  Timestamp started;
  std::optional<Timestamp> ended;
};

// One RekeyVolume.
struct VolumeRekey {
  std::string layer_id;  // the new top layer's, under the new data key; another's if one was not enough
  std::string volume_id;
  std::string account, region;
  std::string original_kms_key_arn, kms_key_arn;
  std::string data_encryption_key_id;  // the volume's from now on
  std::string state;                   // rekeying, waiting, completed, failed
  std::string status_message;
  uint32_t progress = 0;      // percent
  Bytes wrapped_key;          // only until the store holds it
  std::string principal_arn;  // who asked
  Timestamp started;
  std::optional<Timestamp> ended;
};

struct Attachment {
  std::string id;  // "attach-" + 17 hex
  std::string volume_id;
  std::string account, region;
  std::string instance_id;
  std::string device;
  std::string state;  // attaching, attached, detaching, detached, busy
  std::string socket_path;
  std::string principal_arn;  // who attached; re-attachment after a restart acts for them
  std::string failure;        // why it could not be restored
  Timestamp attached;
  bool delete_on_termination = false;
};

// A host that volumes attach to.
struct Instance {
  std::string id;
  std::string account;  // owner of the installation; every account of it sees this host
  std::string name;
  Timestamp created;
};

struct IdempotentAnswer {
  std::string request_hash;
  std::string response;  // the serialised Value
};

struct TrailEvent {
  std::string event_id;
  std::string account, region;
  Timestamp time;
  std::string event_source, event_name;
  std::string record;  // the CloudTrail record, JSON
};

}  // namespace coffer::catalog
