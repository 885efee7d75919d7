// SPDX-License-Identifier: Apache-2.0
#include "volume/mapped_cipher.h"

#include <cstring>

#include "base/mapped_access.h"
#include "format/layer_header.h"
#include "secret/registers.h"

namespace coffer::volume {
namespace {

using format::kSectorSize;

tl::unexpected<Error> page_missing(std::string_view what) {
  secret::wipe_vector_registers();  // the cipher did not come to it
  return fail(ErrorKind::kIo,
              std::string(what) +
                  " a mapped page of the volume's data: it is not there any more, or its disk failed");
}

}  // namespace

bool can_use_mapped(const crypto::XtsCipher* cipher) {
  return cipher == nullptr || cipher->may_be_abandoned();
}

Status read_mapped(crypto::XtsCipher* cipher, uint64_t first_sector, ByteView image, MutableByteView out) {
  const bool read = access_mapped(image, [=] {
    if (cipher == nullptr)
      std::memcpy(out.data(), image.data(), out.size());
    else
      cipher->decrypt(first_sector, kSectorSize, image, out);
  });
  if (!read) return page_missing("read");
  return {};
}

Status write_mapped(crypto::XtsCipher* cipher, uint64_t first_sector, ByteView plaintext,
                    MutableByteView image) {
  const bool written = access_mapped(image, [=] {
    // A page that is used for the first time faults. By a read its neighbours are mapped with it.
    for (size_t at = 0; at < image.size(); at += kSectorSize) {
      [[maybe_unused]] const uint8_t touched = static_cast<const volatile uint8_t&>(image[at]);
    }
    if (cipher == nullptr)
      std::memcpy(image.data(), plaintext.data(), plaintext.size());
    else
      cipher->encrypt(first_sector, kSectorSize, plaintext, image);
  });
  if (!written) return page_missing("write");
  return {};
}

}  // namespace coffer::volume
