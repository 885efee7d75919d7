// SPDX-License-Identifier: Apache-2.0
// apid's side of the protocol between apid and volumed. Versioned; assumes no shared file system: everything
// that must be known is in the messages. Thread-safe; kUnavailable while volumed is down or when it dies
// meanwhile.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/file_descriptor.h"
#include "base/result.h"

namespace coffer::control {

struct NewVolume {
  std::string volume_id;
  uint64_t size_bytes = 0;
  std::string layer_id;              // the first layer's, "layer-" + 17 hex
  std::optional<Bytes> wrapped_key;  // absent for an unencrypted volume
};

struct LayerDescription {
  std::string layer_id;
  std::optional<Bytes> wrapped_key;
};

// Step one of an attachment: what apid must ask keyd to box, and the nonce the box must be bound to.
struct PreparedAttachment {
  std::vector<LayerDescription> layers;
  Bytes nonce;
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
  std::vector<AttachedVolume> attached;
};

class VolumedClient {
 public:
  VolumedClient();
  ~VolumedClient();
  void connect(FileDescriptor channel);

  Result<VolumedStatus> status();
  // Idempotent: creating a volume that exists with the same layer id, or deleting one that is gone, succeeds.
  Status create_volume(const NewVolume& volume);
  Status delete_volume(const std::string& volume_id);  // kConflict while attached
  Result<std::vector<std::string>> list_volumes();
  Result<PreparedAttachment> prepare_attachment(const std::string& volume_id,
                                                const std::string& attachment_id);
  // `box` is empty for an unencrypted volume. Serves NBD when it returns.
  Result<AttachedVolume> attach(const std::string& volume_id, const std::string& attachment_id, ByteView box);
  // Flushes, closes clients, wipes the keys. Idempotent. kIo when the last flush failed and `force` is false.
  Status detach(const std::string& volume_id, bool force);

 private:
  struct Channel;
  std::unique_ptr<Channel> channel_;
};

}  // namespace coffer::control
