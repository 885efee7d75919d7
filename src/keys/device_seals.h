// SPDX-License-Identifier: Apache-2.0
// Seals whose key a device keeps: made and opened through coffer-sealer.
#pragma once
#include "keys/seal_control.h"
#include "keys/sealer_client.h"

namespace coffer::keys {

// Every kind of seal: a software seal from the material alone; a TPM's or a token's through `sealer`, which
// may be null (then those are kUnavailable) and must outlive what this gives.
MakeSeal seal_maker(SealerClient* sealer);

}  // namespace coffer::keys
