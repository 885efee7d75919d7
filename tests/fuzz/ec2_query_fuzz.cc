// SPDX-License-Identifier: Apache-2.0
// Covers EC2 Query: the form, the parameters, the XML. The first byte chooses the operation, the rest is the
// form. Claims: what parses is complete and stored without loss, and whatever comes in, the XML that quotes
// it holds only characters that XML allows.

// Links: coffer_model_ec2
#include "generated/ec2/model.h"
#include "tests/fuzz/check.h"
#include "wire/ec2_query_protocol.h"
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
  const auto operations = ec2::model().operations;
  const auto& operation = operations[data[0] % operations.size()];
  const std::string_view form(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string text(form.substr(0, 4096));
  check_xml(wire::ec2_error_xml({ErrorKind::kInternal, text, text}, text));
  check_xml(wire::serialise_ec2_xml(ec2::model(), *ec2::model().find_operation("CreateVolume"),
                                    to_value(ec2::Volume{.volume_id = text}), "r"));
  const auto parameters = wire::parse_form(form);
  if (!parameters) return 0;
  const auto value = wire::parse_ec2_query(*operation.input, *parameters);
  if (!value) {
    FUZZ_CHECK(!value.error().code.empty() && !value.error().message.empty());
    check_xml(wire::ec2_error_xml(value.error(), "r"));
    return 0;
  }
  FUZZ_CHECK(wire::missing_members(*operation.input, *value).empty());
  const auto stored = wire::encode_value(*value);
  const auto restored = wire::decode_value(stored);
  FUZZ_CHECK(restored && wire::encode_value(*restored) == stored);
  wire::redacted_json(operation.input, *value);
  return 0;
}
