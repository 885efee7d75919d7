// SPDX-License-Identifier: Apache-2.0
// Asking keyd for a change of seal, or for the domain keys under another seal: made by whoever can read
// DIR/keyd/seal-authority, opened by keyd alone (docs/format/sealed-domain-keys.md).
#pragma once
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "format/seal_parameters.h"
#include "secret/secret_bytes.h"

namespace coffer::seals {

inline constexpr std::string_view kSealAuthorityName = "seal-authority";

// What a box is bound to: `what` is format::kChangeSealBinding or kExportBinding.
std::string binding_of(std::string_view what, format::SealKind kind, uint64_t sequence);

// `folder` is DIR/keyd. kPermissionDenied, kCorrupt.
Result<Bytes> box_request(const std::string& folder, std::string_view what, uint64_t sequence,
                          const format::SealMaterialView& material);

// Seal material in memory of its own.
secret::SecretBytes encode_material(const format::SealMaterialView& material);

}  // namespace coffer::seals
