// SPDX-License-Identifier: Apache-2.0
// The JSON text of a policy document as a tree. Unlike general readers it keeps numbers as they are written
// (a condition compares their text) and refuses an object that has a key twice, as IAM does
// (IAM User Guide, "Grammar of the IAM JSON policy language"). The only file of this room that knows the JSON
// library is json.cc. Pure functions, thread-safe.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace coffer::policy {

// AWS's largest policy is 32 KiB (a key policy); white space may surround it.
inline constexpr size_t kLargestDocument = 128 * 1024;
// {Statement: [{Condition: {operator: {key: [value]}}}]} has six levels.
inline constexpr size_t kDeepestDocument = 8;

struct JsonMember;

struct JsonValue {
  struct Number {
    std::string text;  // "10", "1.5e3"
  };
  using List = std::vector<JsonValue>;
  using Object = std::vector<JsonMember>;
  std::variant<std::monostate, bool, Number, std::string, List, Object> value;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&value);
  }
};

struct JsonMember {
  std::string key;
  JsonValue value;
};

// kInvalidArgument with the cause when the text is not JSON, is not UTF-8, is larger than kLargestDocument,
// is nested deeper than kDeepestDocument, or repeats a key.
Result<JsonValue> read_json(std::string_view text);

}  // namespace coffer::policy
