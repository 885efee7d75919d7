// SPDX-License-Identifier: Apache-2.0
#include "format/document.h"

#include <fmt/format.h>

#include "format/crc32c.h"

namespace coffer::format {
namespace {

constexpr size_t kChecksumSize = 4;

}  // namespace

Writer begin_document(const DocumentKind& kind) {
  Writer writer;
  writer.raw(as_bytes(kind.magic)).u16(kind.version);
  return writer;
}

Bytes finish_document(Writer writer) {
  writer.u32(crc32c(writer.bytes()));
  return writer.take();
}

tl::unexpected<Error> damaged(const DocumentKind& kind) {
  return fail(ErrorKind::kCorrupt, fmt::format("{} is damaged", kind.name));
}

Result<Reader> open_document(ByteView bytes, const DocumentKind& kind) {
  Reader reader(bytes);
  if (as_text(reader.raw(kind.magic.size())) != kind.magic) return damaged(kind);
  const uint16_t version = reader.u16();
  if (!reader.ok() || version == 0) return damaged(kind);
  if (version > kind.version)
    return fail(ErrorKind::kTooNew, fmt::format("{} has format version {}, this release reads up to {}",
                                                kind.name, version, kind.version));
  if (reader.left() < kChecksumSize) return damaged(kind);
  const ByteView covered = bytes.first(bytes.size() - kChecksumSize);
  if (Reader(bytes.last(kChecksumSize)).u32() != crc32c(covered)) return damaged(kind);
  return Reader(covered.subspan(kind.magic.size() + sizeof version));
}

}  // namespace coffer::format
