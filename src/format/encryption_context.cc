// SPDX-License-Identifier: Apache-2.0
#include "format/encryption_context.h"

#include "format/codec.h"

namespace coffer::format {

Bytes frame(const EncryptionContext& context) {
  Writer writer;
  writer.u32(static_cast<uint32_t>(context.size()));
  for (const auto& [name, value] : context) writer.field(name).field(value);
  return writer.take();
}

EncryptionContext read_framed_context(Reader& reader) {
  EncryptionContext context;
  const uint32_t count = reader.u32();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    std::string name = reader.text_field();
    std::string value = reader.text_field();
    if (!context.empty() && name <= context.rbegin()->first) reader.fail();
    context.emplace_hint(context.end(), std::move(name), std::move(value));
  }
  if (!reader.ok()) context.clear();
  return context;
}

}  // namespace coffer::format
