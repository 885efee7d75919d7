// SPDX-License-Identifier: Apache-2.0
#include "keys/hsm_encryption.h"

#include <algorithm>

#include "crypto/random.h"
#include "format/hsm_blob.h"
#include "format/key_id.h"

namespace coffer::keys {
namespace {

using format::sealer::Operation;
using secret::RawAccess;
using secret::SecretBytes;

// What a token refuses to do with a key is that key's state, to KMS.
Result<SecretBytes> use(HsmStores& stores, const std::string& store_id,
                        const format::sealer::RequestView& request) {
  auto reply = stores.call(store_id, request, true);
  if (reply) return reply;
  Error& error = reply.error();
  if (error.kind == ErrorKind::kNotFound)
    error.message = "The key material of the KMS key is not in the CloudHSM cluster.";
  if (error.kind == ErrorKind::kNotFound || error.kind == ErrorKind::kPermissionDenied ||
      error.kind == ErrorKind::kIo)
    error.kind = ErrorKind::kConflict;
  return reply;
}

}  // namespace

Result<Bytes> seal_hsm_blob(HsmStores& stores, const format::HsmObject& object, const BlobKey& key,
                            format::BlobClass blob_class, const format::EncryptionContext& context,
                            const SecretBytes& plaintext) {
  const auto key_id = format::key_id_bytes(key.key_id);
  if (!key_id || plaintext.empty())
    return fail(ErrorKind::kInvalidArgument, "a blob needs a key id and at least one byte");
  const Bytes header = format::encode(format::HsmBlobHeader{blob_class, *key_id, key.version, object.id});
  const Bytes associated_data = format::associated_data(header, context);
  format::sealer::HsmMessageView message{object.id, {}, associated_data};
  std::ranges::copy(crypto::random_bytes(message.iv.size()), message.iv.begin());
  COFFER_TRY(sealed, use(stores, object.key_store_id,
                         {Operation::kHsmEncrypt,
                          format::sealer::encode_hsm_message(message),
                          plaintext.read(RawAccess::because("the token encrypts it")),
                          {}}));
  // The IV that was used, ciphertext and tag.
  if (sealed.size() != format::kHsmIvSize + plaintext.size() + format::kTagSize)
    return fail(ErrorKind::kInternal, "the key store's token answered something else than a ciphertext");
  return format::Writer().raw(header).raw(sealed.read(RawAccess::because("this is ciphertext"))).take();
}

Result<SecretBytes> open_hsm_blob(HsmStores& stores, const format::HsmObject& object, const BlobKey& key,
                                  format::BlobClass required_class, const format::EncryptionContext& context,
                                  ByteView blob) {
  COFFER_TRY(parsed, format::parse_hsm_blob(blob));
  if (parsed.header.blob_class != required_class || parsed.header.object_id != object.id ||
      format::key_id_text(parsed.header.key_id) != key.key_id ||
      parsed.header.backing_key_version != key.version)
    return tl::unexpected(format::refused_ciphertext());
  const Bytes associated_data = format::associated_data(parsed.header_bytes, context);
  format::sealer::HsmMessageView message{object.id, {}, associated_data};
  std::ranges::copy(parsed.iv, message.iv.begin());
  return use(stores, object.key_store_id,
             {Operation::kHsmDecrypt, format::sealer::encode_hsm_message(message), parsed.sealed, {}});
}

}  // namespace coffer::keys
