// SPDX-License-Identifier: Apache-2.0
// A secret that a TPM 2.0 gives out only while chosen PCRs are as they were, and a counter in its
// non-volatile memory that only who holds that secret can move. By tpm2-tss's ESYS (TCG TSS 2.0 ESAPI).
// Secrets cross to the TPM encrypted (parameter encryption under a salted session), so that a listener on its
// bus learns nothing.
#pragma once
#include "base/result.h"
#include "format/seal_parameters.h"
#include "secret/secret_bytes.h"

namespace coffer::sealer {

// Each call opens the TPM and closes it again. kUnavailable: no TPM is reached; kPermissionDenied: the PCRs
// have changed; kRefusedCiphertext: another TPM's; kIo: anything else, with the TPM's own words.

// Seals `secret` (at most 128 bytes; its last 32 authorise the counter) under the storage primary key of the
// owner hierarchy, and makes the counter. `wanted` holds the TCTI and the PCRs.
Result<format::TpmParameters> create_tpm_seal(format::TpmParameters wanted,
                                              const secret::SecretBytes& secret);
Result<secret::SecretBytes> open_tpm_seal(const format::TpmParameters& parameters);
Result<uint64_t> read_counter(const format::TpmParameters& parameters, const secret::SecretBytes& auth);
// One more; the new value.
Result<uint64_t> advance_counter(const format::TpmParameters& parameters, const secret::SecretBytes& auth);

}  // namespace coffer::sealer
