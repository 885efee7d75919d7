// SPDX-License-Identifier: Apache-2.0
// One copy of DIR/keyd/domain-keys.0 or .1, and the key file of the seal (docs/format/sealed-domain-keys.md).
// Pure. Both end with a plain SHA-256 over all that precedes it, which the caller checks before it parses,
// since this room has no cryptography.
#pragma once
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "format/uuid.h"

namespace coffer::format {

inline constexpr uint16_t kSealedDomainKeysVersion = 2;
inline constexpr size_t kChecksumSize = 32;
inline constexpr size_t kDomainKeySize = 32;
inline constexpr size_t kLongestSealParameters = 16 << 10;

enum class SealKind : uint8_t { kKeyFile = 1, kPassphrase = 2, kTpm = 3, kPkcs11 = 4 };

struct SealedDomainKeysHeader {
  SealKind seal_kind = SealKind::kKeyFile;
  UuidBytes installation_id{};
  uint64_t sequence = 0;
  Bytes parameters = {};  // of the seal, in the clear (seal_parameters.h); always empty in version 1
  uint16_t version = kSealedDomainKeysVersion;  // 1: key file only
};
// The associated data of the seal, and the copy's first bytes.
Bytes encode(const SealedDomainKeysHeader& header);
// All of a copy but its checksum.
Bytes encode_unchecked(ByteView header_bytes, ByteView sealed);

struct SealedDomainKeys {
  SealedDomainKeysHeader header;
  ByteView header_bytes;  // views into what was parsed
  ByteView sealed;        // what the seal opens
};
// kCorrupt for anything else; kTooNew for a version of a later release.
Result<SealedDomainKeys> parse_sealed_domain_keys(ByteView copy);

// What the seal opens: every version of the domain key that may still be needed, oldest first.
struct DomainKeyView {
  uint32_t version = 0;
  ByteView key;  // 32 bytes, a view
};
size_t domain_keys_size(size_t count);
// `out` has domain_keys_size(keys.size()) bytes.
void encode_domain_keys(const std::vector<DomainKeyView>& keys, MutableByteView out);
// kCorrupt unless the versions rise and there is at least one; kTooNew as above.
Result<std::vector<DomainKeyView>> parse_domain_keys(ByteView contents);

// The key file of the seal: the same header idea, then 32 bytes and a checksum.
inline constexpr uint16_t kSealKeyFileVersion = 1;
inline constexpr size_t kSealKeySize = 32;
inline constexpr size_t kSealKeyFileSize = 8 + 2 + 16 + kSealKeySize + kChecksumSize;
struct SealKeyFileView {
  UuidBytes installation_id{};
  ByteView key;  // 32 bytes, a view
};
// Everything but the checksum; `out` has kSealKeyFileSize - kChecksumSize bytes.
void encode_seal_key_file(const UuidBytes& installation_id, ByteView key, MutableByteView out);
Result<SealKeyFileView> parse_seal_key_file(ByteView contents);

}  // namespace coffer::format
