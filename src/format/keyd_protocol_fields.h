// SPDX-License-Identifier: Apache-2.0
// What the messages of keyd's protocol have in common; for the files that write and read them.
#pragma once
#include "format/codec.h"
#include "format/key_binding.h"

namespace coffer::format::keyd {

inline void write_binding(Writer& writer, const KeyBinding& binding) {
  writer.field(binding.account).field(binding.region).field(binding.key_id);
}

inline void write_key(Writer& writer, const WrappedBackingKey& key) {
  write_binding(writer, key.binding);
  writer.u32(key.version).field(key.token);
}

inline KeyBinding read_binding(Reader& reader) {
  KeyBinding binding;
  binding.account = reader.text_field();
  binding.region = reader.text_field();
  binding.key_id = reader.text_field();
  return binding;
}

inline WrappedBackingKey read_key(Reader& reader) {
  WrappedBackingKey key;
  key.binding = read_binding(reader);
  key.version = reader.u32();
  key.token = reader.bytes_field();
  return key;
}

}  // namespace coffer::format::keyd
