// SPDX-License-Identifier: Apache-2.0
// Values as the text of a label, a query parameter or a header field, as the REST protocols write them
// (Smithy 2.0, "HTTP bindings"): numbers in decimal, true and false, blobs in base64, timestamps in ISO 8601
// or, in headers, as HTTP dates. Pure functions.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "wire/shape.h"
#include "wire/value.h"

namespace coffer::wire {

// Nothing when the text is none of that type, or is not UTF-8; a shape that is no scalar has no text.
std::optional<Value> read_text(const Shape& shape, Location location, std::string_view text);

// "" for a value that has no text.
std::string write_text(Location location, const Value& value);

// "a String", "an Integer": as AWS's messages name a type.
std::string_view name_of_type(ShapeType type);

}  // namespace coffer::wire
