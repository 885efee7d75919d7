// SPDX-License-Identifier: Apache-2.0
// Any Value as JSON text and back, without loss and without a model: each value is tagged by its type, so
// that a blob and a string of the same letters differ. The text is canonical (equal Values give equal texts;
// order of members counts), so it can be stored, hashed and compared. It holds whatever the Value holds,
// secrets too.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/value.h"

namespace coffer::wire {

std::string encode_value(const Value& value);
Result<Value> decode_value(std::string_view text);  // kCorrupt when it is not encode_value's

}  // namespace coffer::wire
