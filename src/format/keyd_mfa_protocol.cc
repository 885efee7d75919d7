// SPDX-License-Identifier: Apache-2.0
#include "format/keyd_mfa_protocol.h"

namespace coffer::format::keyd {

void CreateMfaSeed::write(Writer& writer) const {
  writer.field(serial_number);
}

CreateMfaSeed CreateMfaSeed::read(Reader& reader) {
  return {reader.text_field()};
}

void VerifyMfaCodes::write(Writer& writer) const {
  writer.field(serial_number).field(wrapped_seed).u64(first_step).u32(steps);
  writer.u32(static_cast<uint32_t>(codes.size()));
  for (const std::string& code : codes) writer.field(code);
}

VerifyMfaCodes VerifyMfaCodes::read(Reader& reader) {
  VerifyMfaCodes body;
  body.serial_number = reader.text_field();
  body.wrapped_seed = reader.bytes_field();
  body.first_step = reader.u64();
  body.steps = reader.u32();
  const uint32_t count = reader.u32();
  if (count > kMostMfaCodes) reader.fail();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) body.codes.push_back(reader.text_field());
  return body;
}

void VerifyMfaCodesReply::write(Writer& writer) const {
  writer.u8(valid ? 1 : 0).u64(step);
}

VerifyMfaCodesReply VerifyMfaCodesReply::read(Reader& reader) {
  VerifyMfaCodesReply body;
  const uint8_t valid = reader.u8();
  if (valid > 1) reader.fail();
  body.valid = valid == 1;
  body.step = reader.u64();
  return body;
}

}  // namespace coffer::format::keyd
