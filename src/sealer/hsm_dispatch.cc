// SPDX-License-Identifier: Apache-2.0
#include "sealer/hsm_dispatch.h"

#include <algorithm>

#include "sealer/reply.h"

namespace coffer::sealer {
namespace {

using format::sealer::Operation;
using secret::SecretBytes;

Result<format::HsmObjectId> parse_id(ByteView parameters) {
  format::HsmObjectId id{};
  if (parameters.size() != id.size()) return fail(ErrorKind::kInvalidArgument, "no object's id");
  std::ranges::copy(parameters, id.begin());
  return id;
}

}  // namespace

SecretBytes HsmDispatch::answer(ByteView packet) {
  return reply_packet(carry_out(packet));
}

Result<SecretBytes> HsmDispatch::carry_out(ByteView packet) {
  COFFER_TRY(request, format::sealer::parse_request(packet));
  if (request.operation == Operation::kHsmLogIn) return log_in(request);
  if (!logged_in_) return fail(ErrorKind::kConflict, "nobody is logged in to the token");
  return use(request);
}

Result<SecretBytes> HsmDispatch::log_in(const format::sealer::RequestView& request) {
  COFFER_TRY(location, format::parse_hsm_location(request.parameters));
  const auto outcome = hsm_.log_in(location, SecretBytes::copy_of(request.first));
  logged_in_ = outcome == format::HsmLoginOutcome::kLoggedIn && !request.first.empty();
  return SecretBytes::copy_of(format::Writer().u8(static_cast<uint8_t>(outcome)).take());
}

Result<SecretBytes> HsmDispatch::use(const format::sealer::RequestView& request) {
  switch (request.operation) {
    case Operation::kHsmGenerate: {
      COFFER_TRY(wanted, format::sealer::parse_hsm_generate(request.parameters));
      COFFER_CHECK(hsm_.generate(wanted));
      return SecretBytes();
    }
    case Operation::kHsmEncrypt: {
      COFFER_TRY(message, format::sealer::parse_hsm_message(request.parameters));
      COFFER_TRY(sealed, hsm_.encrypt(message, SecretBytes::copy_of(request.first)));
      return SecretBytes::copy_of(sealed);
    }
    case Operation::kHsmDecrypt: {
      COFFER_TRY(message, format::sealer::parse_hsm_message(request.parameters));
      return hsm_.decrypt(message, request.first);
    }
    case Operation::kHsmDestroy: {
      COFFER_TRY(id, parse_id(request.parameters));
      COFFER_CHECK(hsm_.destroy(id));
      return SecretBytes();
    }
    case Operation::kHsmRandom: {
      format::Reader reader(request.parameters);
      return hsm_.random(reader.u32());
    }
    default:
      return fail(ErrorKind::kUnsupported, "a key store's process does not know that operation");
  }
}

}  // namespace coffer::sealer
