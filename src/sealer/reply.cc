// SPDX-License-Identifier: Apache-2.0
#include "sealer/reply.h"

#include "format/codec.h"
#include "format/error_code.h"

namespace coffer::sealer {

using secret::RawAccess;
using secret::SecretBytes;

SecretBytes reply_packet(const Result<SecretBytes>& outcome) {
  if (!outcome)
    return SecretBytes::copy_of(
        format::Writer().u8(format::error_code(outcome.error().kind)).field(outcome.error().message).take());
  SecretBytes reply(1 + outcome->size());
  format::FixedWriter(reply.write(RawAccess::because("a reply is put together")))
      .u8(0)
      .raw(outcome->read(RawAccess::because("a reply is put together")));
  return reply;
}

}  // namespace coffer::sealer
