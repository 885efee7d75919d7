// SPDX-License-Identifier: Apache-2.0
// The keys of one attachment on their way from keyd to volumed (docs/format/volume-key-box.md): what lies in
// the box and what the box is bound to. The box itself is crypto/sealed_box.h. Pure.
#pragma once
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "format/encryption_context.h"
#include "format/key_binding.h"

namespace coffer::format {

inline constexpr size_t kVolumeKeySize = 64;
inline constexpr size_t kBoxNonceSize = 16;
inline constexpr uint32_t kMostBoxedKeys = 256;

// What a volume key box is bound to. The recipient refuses a box whose binding is not what it expects.
struct BoxBinding {
  std::string host_id;        // the instance id of the volumed that enrolled
  std::string volume_id;      // or a snapshot's, or a layer's: what the keys open
  std::string attachment_id;  // or another session's
  Bytes nonce;                // 16 bytes, chosen by volumed for this session
};
Bytes frame(const BoxBinding& binding);

// One layer's wrapped data key, to be put in a box.
struct VolumeKeyRequest {
  WrappedBackingKey key;
  Bytes blob;
  EncryptionContext context;
  std::string layer_id;
};

struct BoxedKeyView {
  std::string layer_id;
  ByteView key;  // 64 bytes, a view
};
size_t boxed_keys_size(const std::vector<BoxedKeyView>& keys);
// `out` has boxed_keys_size(keys) bytes.
void encode_boxed_keys(const std::vector<BoxedKeyView>& keys, MutableByteView out);
// kCorrupt for anything else; kTooNew for a version of a later release.
Result<std::vector<BoxedKeyView>> parse_boxed_keys(ByteView contents);

}  // namespace coffer::format
