// SPDX-License-Identifier: Apache-2.0
#include "seals/seal_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/disk.h"
#include "crypto/sealed_box.h"

namespace coffer::seals {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

}  // namespace

std::string binding_of(std::string_view what, format::SealKind kind, uint64_t sequence) {
  return fmt::format("{}{} {}", what, format::name_of(kind), sequence);
}

SecretBytes encode_material(const format::SealMaterialView& material) {
  SecretBytes encoded(format::seal_material_size(material));
  format::encode_seal_material(material, encoded.write(RawAccess::because("seal material is passed on")));
  return encoded;
}

Result<Bytes> box_request(const std::string& folder, std::string_view what, uint64_t sequence,
                          const format::SealMaterialView& material) {
  COFFER_TRY(file, read_file(system_disk(), folder + "/" + std::string(kSealAuthorityName), 4096));
  const SecretBytes contents = SecretBytes::copy_of(file);
  secret::wipe(file);
  COFFER_TRY(authority,
             format::parse_seal_authority(contents.read(RawAccess::because("keyd's token is repeated"))));
  SecretBytes plaintext(authority.token.size() + format::seal_material_size(material));
  const MutableByteView out = plaintext.write(RawAccess::because("a request for keyd is put together"));
  std::ranges::copy(authority.token, out.begin());
  format::encode_seal_material(material, out.subspan(authority.token.size()));
  return crypto::seal_box(authority.public_key, as_bytes(binding_of(what, material.kind, sequence)),
                          plaintext);
}

}  // namespace coffer::seals
