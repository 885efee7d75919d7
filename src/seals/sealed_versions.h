// SPDX-License-Identifier: Apache-2.0
// Which domain keys are under a seal: for whoever must know whether a key file, or a backup, fits, while keyd
// does not run. The keys themselves are wiped before the answer.
#pragma once
#include <set>

#include "format/sealed_domain_keys.h"
#include "seals/seal.h"

namespace coffer::seals {

// The versions in a sealed copy. kRefusedCiphertext when this seal did not make it.
Result<std::set<uint32_t>> sealed_versions(const format::SealedDomainKeys& copy, const Seal& seal);

}  // namespace coffer::seals
