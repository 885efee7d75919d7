// SPDX-License-Identifier: Apache-2.0
// The constraints of a model (required, length, range, pattern, enumeration), refused in the words that AWS's
// JSON and REST services use. Values of sensitive members and blobs are never quoted.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "wire/shape.h"
#include "wire/value.h"

namespace coffer::wire {

// ValidationException with every violation, as "2 validation errors detected: …; …".
Status validate(const Shape& input, const Value& value);

// Paths of the required members that an answer lacks ("keyMetadata.keyId"); empty for a whole answer.
std::vector<std::string> missing_members(const Shape& output, const Value& value);

}  // namespace coffer::wire
