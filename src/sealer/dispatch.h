// SPDX-License-Identifier: Apache-2.0
// From a request packet of keyd's to the bytes of the answer.
#pragma once
#include "base/bytes.h"
#include "base/result.h"
#include "secret/secret_bytes.h"

namespace coffer::sealer {

// The reply packet: status 0 and the body, or an error's code and its message.
secret::SecretBytes answer(ByteView packet);

}  // namespace coffer::sealer
