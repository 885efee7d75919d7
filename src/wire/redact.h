// SPDX-License-Identifier: Apache-2.0
// Requests and answers as the audit trail may show them: CloudTrail's requestParameters and responseElements.
#pragma once
#include <string>

#include "wire/shape.h"
#include "wire/value.h"

namespace coffer::wire {

inline constexpr size_t kLargestRedacted = 100 << 10;

// JSON text with lowerCamelCase names. Blobs are left out; other sensitive members read
// HIDDEN_DUE_TO_SECURITY_REASONS. "null" when the shape is null or the value absent. What would be longer
// than `largest` bytes becomes
// {"omitted":true,…}, which says so.
std::string redacted_json(const Shape* shape, const Value& value, size_t largest = kLargestRedacted);

}  // namespace coffer::wire
