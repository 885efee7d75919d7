// SPDX-License-Identifier: Apache-2.0
// Which of a module's slots has the token?
#pragma once
#include <p11-kit/pkcs11.h>

#include <string>

#include "base/result.h"

namespace coffer::sealer {

// By its label, its serial number or both; an empty one is not asked for. kUnavailable, with the labels of
// those that are there, without such a token.
Result<CK_SLOT_ID> find_token(CK_FUNCTION_LIST& ck, const std::string& label, const std::string& serial);

}  // namespace coffer::sealer
