// SPDX-License-Identifier: Apache-2.0
#include "seals/sealed_versions.h"

namespace coffer::seals {

Result<std::set<uint32_t>> sealed_versions(const format::SealedDomainKeys& copy, const Seal& seal) {
  if (copy.header.seal_kind != seal.kind() || copy.header.installation_id != seal.installation_id())
    return fail(ErrorKind::kRefusedCiphertext, "it is the seal of another installation");
  COFFER_TRY(contents, seal.open(copy.sealed, copy.header_bytes));
  COFFER_TRY(keys, format::parse_domain_keys(
                       contents.read(secret::RawAccess::because("the domain keys are counted"))));
  std::set<uint32_t> versions;
  for (const format::DomainKeyView& key : keys) versions.insert(key.version);
  return versions;
}

}  // namespace coffer::seals
