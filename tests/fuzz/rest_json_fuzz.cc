// SPDX-License-Identifier: Apache-2.0
// Covers REST-JSON: method and path to an operation, the members in path, query string, header fields and
// body, and errors. The input is a request: "METHOD TARGET", header lines, an empty line, the body. Claims:
// what parses is stored without loss, only the members' places were read, the record of it is JSON without
// the block, and what is refused has an error whose body is JSON.

// Links: coffer_model_ebs
#include "generated/ebs/model.h"
#include "tests/fuzz/check.h"
#include "wire/json_protocol.h"
#include "wire/json_text.h"
#include "wire/redact.h"
#include "wire/rest_json_protocol.h"
#include "wire/uri_template.h"
#include "wire/validate.h"
#include "wire/value_json.h"

namespace {

using namespace coffer;

std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

wire::HttpRequest read_request(std::string_view text) {
  wire::HttpRequest request;
  const auto first = take_line(text);
  const size_t blank = first.find(' ');
  request.method = first.substr(0, blank);
  request.set_target(blank == std::string_view::npos ? "/" : std::string(first.substr(blank + 1)));
  for (auto line = take_line(text); !line.empty(); line = take_line(text)) {
    const size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    request.headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
  }
  request.body = to_bytes(text);
  return request;
}

void check_error(const Error& error) {
  FUZZ_CHECK(wire::read_json(wire::rest_json_error_body(ebs::model(), error), 2));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto request = read_request({reinterpret_cast<const char*>(data), size});
  const auto* operation =
      wire::find_http_operation(ebs::model(), request.method, request.path, request.query);
  if (operation == nullptr) {
    (void)wire::match_path("/{a}/{rest+}/z?x", request.path);
    return 0;
  }
  const auto value = wire::parse_rest_json(*operation, request);
  if (!value) {
    FUZZ_CHECK(value.error().code == "SerializationException");
    check_error(value.error());
    return 0;
  }
  const auto stored = wire::encode_value(*value);
  const auto restored = wire::decode_value(stored);
  FUZZ_CHECK(restored && wire::encode_value(*restored) == stored);
  FUZZ_CHECK(wire::read_json(wire::redacted_json(operation->input, *value), wire::kDeepestJson));
  if (const auto* block = value->member("BlockData")) FUZZ_CHECK(*block->as<Bytes>() == request.body);
  FUZZ_CHECK((value->member("BlockData") != nullptr) == (operation->name == "PutSnapshotBlock"));
  if (const auto status = wire::validate(*operation->input, *value); !status) check_error(status.error());
  (void)wire::serialise_rest_json(*operation, *value);
  return 0;
}
