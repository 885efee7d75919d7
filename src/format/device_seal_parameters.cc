// SPDX-License-Identifier: Apache-2.0
// Parameters of the seals that have a device.
#include "format/codec.h"
#include "format/seal_parameters.h"

namespace coffer::format {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint32_t kAllPcrs = (1u << 24) - 1;
constexpr size_t kLongestText = 4096, kLongestBlob = 4096;

tl::unexpected<Error> damaged() {
  return fail(ErrorKind::kCorrupt, "the seal's parameters are damaged");
}

// They become C strings.
bool is_text(const std::string& text) {
  return text.size() <= kLongestText && text.find('\0') == std::string::npos;
}

}  // namespace

Bytes encode(const TpmParameters& parameters) {
  Writer writer;
  writer.u8(kVersion).field(parameters.tcti).u32(parameters.pcrs).u32(parameters.nv_index);
  return writer.u64(parameters.counter_offset)
      .field(parameters.public_blob)
      .field(parameters.private_blob)
      .take();
}

Result<TpmParameters> parse_tpm_parameters(ByteView bytes) {
  Reader reader(bytes);
  const uint8_t version = reader.u8();
  TpmParameters parameters;
  parameters.tcti = reader.text_field();
  parameters.pcrs = reader.u32();
  parameters.nv_index = reader.u32();
  parameters.counter_offset = reader.u64();
  parameters.public_blob = reader.bytes_field();
  parameters.private_blob = reader.bytes_field();
  if (!reader.at_end() || version != kVersion || !is_text(parameters.tcti) || parameters.pcrs > kAllPcrs ||
      parameters.public_blob.size() > kLongestBlob || parameters.private_blob.size() > kLongestBlob)
    return damaged();
  return parameters;
}

Bytes encode(const Pkcs11Parameters& parameters) {
  return Writer()
      .u8(kVersion)
      .field(parameters.module)
      .field(parameters.token)
      .field(parameters.key_label)
      .field(parameters.wrapped)
      .take();
}

Result<Pkcs11Parameters> parse_pkcs11_parameters(ByteView bytes) {
  Reader reader(bytes);
  const uint8_t version = reader.u8();
  Pkcs11Parameters parameters;
  parameters.module = reader.text_field();
  parameters.token = reader.text_field();
  parameters.key_label = reader.text_field();
  parameters.wrapped = reader.bytes_field();
  if (!reader.at_end() || version != kVersion || !is_text(parameters.module) || !is_text(parameters.token) ||
      !is_text(parameters.key_label) || parameters.wrapped.size() > kLongestBlob)
    return damaged();
  return parameters;
}

}  // namespace coffer::format
