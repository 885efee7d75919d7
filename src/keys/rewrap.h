// SPDX-License-Identifier: Apache-2.0
// What a rotation of the domain key does to everything that keyd has wrapped: opened under the domain key
// that it names, sealed under the newest, bound to what it was bound to. A token of
// an earlier version becomes one of the newest.
#pragma once
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "keys/domain_keys.h"

namespace coffer::keys {

// The same token when it is under the newest domain key already. kRefusedCiphertext when no domain key opens
// it.
Result<Bytes> rewrap_backing_key(const DomainKeys& domain_keys, ByteView token);
// Likewise; `name` as when it was wrapped.
Result<Bytes> rewrap_secret(const DomainKeys& domain_keys, std::string_view name, ByteView wrapped);

}  // namespace coffer::keys
