// SPDX-License-Identifier: Apache-2.0
// The messages of keyd's protocol about domain keys and seals (docs/format/keyd-protocol.md), operations 40
// to
// 49. Pure and bounded, like keyd_protocol.h.
#pragma once
#include <string>
#include <vector>

#include "base/bytes.h"
#include "format/codec.h"
#include "format/sealed_domain_keys.h"

namespace coffer::format::keyd {

inline constexpr uint32_t kMostRewrapped = 1024;  // in one request

// AddDomainKey: a version above this one; its reply: the newest. RetireDomainKeys: everything below it.
struct DomainKeyVersion {
  uint32_t version = 0;
  void write(Writer& writer) const;
  static DomainKeyVersion read(Reader& reader);
};

struct RewrapTokens {
  std::vector<Bytes> tokens;
  void write(Writer& writer) const;
  static RewrapTokens read(Reader& reader);
};

struct NamedSecret {
  std::string name;
  Bytes wrapped;
};
struct RewrapSecrets {
  std::vector<NamedSecret> secrets;
  void write(Writer& writer) const;
  static RewrapSecrets read(Reader& reader);
};

// In the order of the request; empty where no domain key opens it.
struct RewrapReply {
  std::vector<Bytes> rewrapped;
  void write(Writer& writer) const;
  static RewrapReply read(Reader& reader);
};

// ChangeSeal and ExportDomainKeys. `box` is made by somebody who can read DIR/keyd (seal_parameters.h), bound
// to the kind and the sequence number.
struct SealRequest {
  SealKind kind = SealKind::kKeyFile;
  uint64_t sequence = 0;
  Bytes box;
  void write(Writer& writer) const;
  static SealRequest read(Reader& reader);
};

struct SealStatusReply {
  SealKind kind = SealKind::kKeyFile;
  std::string description;
  uint64_t sequence = 0;
  uint32_t oldest_version = 0, newest_version = 0;
  void write(Writer& writer) const;
  static SealStatusReply read(Reader& reader);
};

}  // namespace coffer::format::keyd
