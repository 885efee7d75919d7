// SPDX-License-Identifier: Apache-2.0
// A QR code (ISO/IEC 18004) as a PNG image. Pure, thread-safe.
#pragma once
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace coffer::services::iam {

// kInvalidArgument for what is longer than a code can hold (2,953 bytes).
Result<Bytes> qr_code_png(const std::string& text);

}  // namespace coffer::services::iam
