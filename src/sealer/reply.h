// SPDX-License-Identifier: Apache-2.0
// A reply packet of the sealer's channel (docs/format/sealer-protocol.md).
#pragma once
#include "base/result.h"
#include "secret/secret_bytes.h"

namespace coffer::sealer {

// Status 0 and the body, or an error's code and its message.
secret::SecretBytes reply_packet(const Result<secret::SecretBytes>& outcome);

}  // namespace coffer::sealer
