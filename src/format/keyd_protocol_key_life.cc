// SPDX-License-Identifier: Apache-2.0
// The messages about replicas, destruction and rotation.
#include "format/keyd_protocol.h"
#include "format/keyd_protocol_fields.h"

namespace coffer::format::keyd {

void ReplicateBackingKey::write(Writer& writer) const {
  write_key(writer, key);
  writer.field(region);
}

ReplicateBackingKey ReplicateBackingKey::read(Reader& reader) {
  ReplicateBackingKey body;
  body.key = read_key(reader);
  body.region = reader.text_field();
  return body;
}

void ForgetKey::write(Writer& writer) const {
  write_binding(writer, binding);
}

ForgetKey ForgetKey::read(Reader& reader) {
  return {read_binding(reader)};
}

void RewrapVolumeKey::write(Writer& writer) const {
  write_key(writer, from);
  write_key(writer, to);
  writer.raw(frame(context)).field(blob);
}

RewrapVolumeKey RewrapVolumeKey::read(Reader& reader) {
  RewrapVolumeKey body;
  body.from = read_key(reader);
  body.to = read_key(reader);
  body.context = read_framed_context(reader);
  body.blob = reader.field();
  return body;
}

}  // namespace coffer::format::keyd
