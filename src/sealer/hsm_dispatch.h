// SPDX-License-Identifier: Apache-2.0
// From a request packet about a key store to the bytes of the answer.
#pragma once
#include "base/bytes.h"
#include "base/result.h"
#include "sealer/hsm.h"

namespace coffer::sealer {

// One thread.
class HsmDispatch {
 public:
  // The reply packet: status 0 and the body, or an error's code and its message. The first request logs in;
  // until then every other is refused.
  secret::SecretBytes answer(ByteView packet);
  // Nothing more can be done here: a new process may.
  bool is_lost() const { return hsm_.is_lost(); }

 private:
  Result<secret::SecretBytes> carry_out(ByteView packet);
  Result<secret::SecretBytes> log_in(const format::sealer::RequestView& request);
  Result<secret::SecretBytes> use(const format::sealer::RequestView& request);

  Hsm hsm_;
  bool logged_in_ = false;
};

}  // namespace coffer::sealer
