// SPDX-License-Identifier: Apache-2.0
#include "sealer/dispatch.h"

#include "format/sealer_protocol.h"
#include "sealer/pkcs11.h"
#include "sealer/reply.h"
#include "sealer/tpm.h"

namespace coffer::sealer {
namespace {

using format::sealer::Operation;
using secret::SecretBytes;

SecretBytes in_arena(const Bytes& bytes) {
  return SecretBytes::copy_of(bytes);
}

SecretBytes number(uint64_t value) {
  return in_arena(format::Writer().u64(value).take());
}

Result<SecretBytes> tpm(const format::sealer::RequestView& request) {
  COFFER_TRY(parameters, format::parse_tpm_parameters(request.parameters));
  const SecretBytes secret = SecretBytes::copy_of(request.first);
  if (request.operation == Operation::kTpmOpen) return open_tpm_seal(parameters);
  if (request.operation == Operation::kTpmCreate) {
    COFFER_TRY(made, create_tpm_seal(std::move(parameters), secret));
    return in_arena(format::encode(made));
  }
  const auto count = request.operation == Operation::kTpmCounter ? read_counter : advance_counter;
  COFFER_TRY(value, count(parameters, secret));
  return number(value);
}

Result<SecretBytes> pkcs11(const format::sealer::RequestView& request) {
  COFFER_TRY(parameters, format::parse_pkcs11_parameters(request.parameters));
  const SecretBytes pin = SecretBytes::copy_of(request.first);
  if (request.operation == Operation::kPkcs11Open) return open_pkcs11_seal(parameters, pin);
  COFFER_TRY(made, create_pkcs11_seal(std::move(parameters), pin, SecretBytes::copy_of(request.second)));
  return in_arena(format::encode(made));
}

Result<SecretBytes> carry_out(ByteView packet) {
  COFFER_TRY(request, format::sealer::parse_request(packet));
  switch (request.operation) {
    case Operation::kTpmCreate:
    case Operation::kTpmOpen:
    case Operation::kTpmCounter:
    case Operation::kTpmAdvance:
      return tpm(request);
    case Operation::kPkcs11Create:
    case Operation::kPkcs11Open:
      return pkcs11(request);
    default:  // those of a key store's process
      break;
  }
  return fail(ErrorKind::kUnsupported, "the sealer does not know that operation");
}

}  // namespace

SecretBytes answer(ByteView packet) {
  return reply_packet(carry_out(packet));
}

}  // namespace coffer::sealer
