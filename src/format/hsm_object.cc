// SPDX-License-Identifier: Apache-2.0
#include "format/hsm_object.h"

#include <algorithm>

#include "format/ciphertext_blob.h"
#include "format/codec.h"

namespace coffer::format {

Bytes encode(const HsmObject& object) {
  return Writer().field(object.key_store_id).raw(object.id).take();
}

Result<HsmObject> parse_hsm_object(ByteView bytes) {
  Reader reader(bytes);
  HsmObject object;
  object.key_store_id = reader.text_field();
  const ByteView id = reader.raw(object.id.size());
  if (!reader.at_end() || object.key_store_id.empty() || object.key_store_id.size() > kLongestKeyStoreId)
    return tl::unexpected(refused_ciphertext());
  std::ranges::copy(id, object.id.begin());
  return object;
}

}  // namespace coffer::format
