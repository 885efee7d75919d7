// SPDX-License-Identifier: Apache-2.0
// Sectors between a mapped image and a buffer, in one pass over memory. `cipher` is null for a layer that is
// not encrypted: a plain copy. Views of an image come from store::ByteRange::mapped.
#pragma once
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/xts.h"

namespace coffer::volume {

// Whether these functions can work with `cipher`: OpenSSL's cannot be left in the middle of a call.
bool can_use_mapped(const crypto::XtsCipher* cipher);

// kIo when a page of the image is not there (the file became shorter, its disk failed); `out` is then
// undefined. Sizes are equal, a multiple of the sector's.
Status read_mapped(crypto::XtsCipher* cipher, uint64_t first_sector, ByteView image, MutableByteView out);
// The same the other way, into a view of ByteRange::mapped_for_writing: only where sectors hold data already.
Status write_mapped(crypto::XtsCipher* cipher, uint64_t first_sector, ByteView plaintext,
                    MutableByteView image);

}  // namespace coffer::volume
