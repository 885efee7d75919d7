// SPDX-License-Identifier: Apache-2.0
// The bodies of AWS's JSON 1.0 and 1.1 protocols (Smithy 2.0, "AWS JSON 1.1 protocol"). Pure functions;
// bounded in depth and size, whatever comes in.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/shape.h"
#include "wire/value.h"

namespace coffer::wire {

inline constexpr size_t kLargestJsonBody = 4 << 20;
inline constexpr int kDeepestJson = 64;

// The request that `body` holds. Members that the shape does not know or has elsewhere than in the body, and
// nulls, are left out; of a repeated name the last counts. Errors: SerializationException, in the words AWS's
// services use (without any for malformed JSON, as they do). Constraints are validate.h's.
Result<Value> parse_json(const Shape& input, std::string_view body);

// The body of an answer: empty when the operation has no output. Members elsewhere than in the body are left
// out.
std::string serialise_json(const Shape* output, const Value& value);

// {"__type":"NotFoundException","message":"…"}, without a message where there is none; `error.code` must be
// set.
std::string json_error_body(const Error& error);

}  // namespace coffer::wire
