// SPDX-License-Identifier: Apache-2.0
// Covers the JSON protocol: the parser, the validator, the redaction and the storing of values. The first
// byte chooses the operation, the rest is the body. Claims: what parses is written so that it parses to the
// same again, is stored without loss, and makes a record that is JSON.

// Links: coffer_model_kms
#include "generated/kms/model.h"
#include "tests/fuzz/check.h"
#include "wire/json_protocol.h"
#include "wire/json_text.h"
#include "wire/redact.h"
#include "wire/validate.h"
#include "wire/value_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coffer;
  if (size == 0) return 0;
  const auto operations = kms::model().operations;
  const auto& input = *operations[data[0] % operations.size()].input;
  const auto value = wire::parse_json(input, {reinterpret_cast<const char*>(data) + 1, size - 1});
  if (!value) {
    FUZZ_CHECK(value.error().code == "SerializationException");
    return 0;
  }
  const auto stored = wire::encode_value(*value);
  const auto restored = wire::decode_value(stored);
  FUZZ_CHECK(restored && wire::encode_value(*restored) == stored);
  const auto again = wire::parse_json(input, wire::serialise_json(&input, *value));
  FUZZ_CHECK(again && wire::encode_value(*again) == stored);
  FUZZ_CHECK(wire::read_json(wire::redacted_json(&input, *value), wire::kDeepestJson));
  if (const auto status = wire::validate(input, *value); !status)
    FUZZ_CHECK(wire::read_json(wire::json_error_body(status.error()), 2));
  return 0;
}
