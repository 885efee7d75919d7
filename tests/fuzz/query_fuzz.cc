// SPDX-License-Identifier: Apache-2.0
// Covers AWS's Query protocol: the form, the parameters, the XML. The first byte chooses the operation of IAM
// or STS, the rest is the form. Claims: what parses is stored without loss and can be judged by the model's
// constraints, and whatever comes in, the XML that quotes it holds only characters that XML allows.

// Links: coffer_model_iam coffer_model_sts
#include "generated/iam/model.h"
#include "generated/sts/model.h"
#include "tests/fuzz/check.h"
#include "wire/query_protocol.h"
#include "wire/redact.h"
#include "wire/utf8.h"
#include "wire/validate.h"
#include "wire/value_json.h"

namespace {

void check_xml(std::string_view xml) {
  FUZZ_CHECK(coffer::wire::is_utf8(xml));
  for (const char c : xml) FUZZ_CHECK(static_cast<uint8_t>(c) >= 0x20 || c == '\t' || c == '\n');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coffer;
  if (size == 0) return 0;
  const auto& model = (data[0] & 0x80) != 0 ? sts::model() : iam::model();
  const auto& operation = model.operations[(data[0] & 0x7f) % model.operations.size()];
  const std::string_view form(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string text(form.substr(0, 4096));
  check_xml(wire::query_error_xml(model, 400, {ErrorKind::kInternal, text, text}, text));
  iam::GetUserResponse answer;
  answer.user = iam::User{.user_name = text};
  check_xml(wire::serialise_query_xml(iam::model(), *iam::model().find_operation("GetUser"), to_value(answer),
                                      "r"));
  const auto parameters = wire::parse_form(form);
  if (!parameters) return 0;
  const auto value = wire::parse_query(*operation.input, *parameters);
  if (!value) {
    FUZZ_CHECK(!value.error().code.empty() && !value.error().message.empty());
    return 0;
  }
  if (const auto valid = wire::validate(*operation.input, *value); !valid)
    FUZZ_CHECK(!valid.error().message.empty());
  const auto stored = wire::encode_value(*value);
  const auto restored = wire::decode_value(stored);
  FUZZ_CHECK(restored && wire::encode_value(*restored) == stored);
  wire::redacted_json(operation.input, *value);
  return 0;
}
