// SPDX-License-Identifier: Apache-2.0
// How much of the room for them a session's policies and tags take (STS API Reference, AssumeRole,
// "PackedPolicySize"). How AWS packs them is not published, so this is a measure of Coffer's own
// (docs/IAM.md): policies and ARNs of managed ones together as DEFLATE packs them (RFC 1951), and each tag as
// it is, with 14 bytes for its form, of 480 bytes. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "services/sts/role_sessions.h"

namespace coffer::services::sts {

// In per cent; nothing where there are neither policies nor tags. PackedPolicyTooLarge above 100.
Result<std::optional<int32_t>> packed_size(const std::vector<std::string>& policies, const SessionTags& tags);

}  // namespace coffer::services::sts
