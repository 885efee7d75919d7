// SPDX-License-Identifier: Apache-2.0
// The messages of keyd's protocol about MFA devices (docs/format/keyd-protocol.md), operations 60 to 69. Pure
// and bounded, like keyd_protocol.h.
#pragma once
#include <string>
#include <vector>

#include "base/bytes.h"
#include "format/codec.h"

namespace coffer::format::keyd {

inline constexpr size_t kMostMfaCodes = 2;  // in one request

struct CreateMfaSeed {
  std::string serial_number;
  void write(Writer& writer) const;
  static CreateMfaSeed read(Reader& reader);
};

// Of which of `steps` time steps, `first_step` (since 1970) and those after it, is the first code, the second
// being that of the step after?
struct VerifyMfaCodes {
  std::string serial_number;
  Bytes wrapped_seed;
  uint64_t first_step = 0;
  uint32_t steps = 0;
  std::vector<std::string> codes;
  void write(Writer& writer) const;
  static VerifyMfaCodes read(Reader& reader);
};

struct VerifyMfaCodesReply {
  bool valid = false;
  uint64_t step = 0;  // of the first code; 0 unless they are valid
  void write(Writer& writer) const;
  static VerifyMfaCodesReply read(Reader& reader);
};

}  // namespace coffer::format::keyd
