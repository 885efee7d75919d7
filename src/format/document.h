// SPDX-License-Identifier: Apache-2.0
// What our small stored documents have in common: an eight-byte magic, a version, a body, and a CRC-32C over
// all of it. The checksum finds accidents; somebody who can write the folder can forge it.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "format/codec.h"

namespace coffer::format {

struct DocumentKind {
  std::string_view magic;  // 8 bytes
  uint16_t version = 1;    // written; all versions from 1 up to it are read
  std::string_view name;   // for messages: "the volume's manifest"
};

// The body goes into the writer that begin_document gives, then finish_document adds the checksum.
Writer begin_document(const DocumentKind& kind);
Bytes finish_document(Writer writer);

tl::unexpected<Error> damaged(const DocumentKind& kind);
// A reader of the body. kCorrupt when magic or checksum do not fit, kTooNew for a version of a later release.
Result<Reader> open_document(ByteView bytes, const DocumentKind& kind);

}  // namespace coffer::format
