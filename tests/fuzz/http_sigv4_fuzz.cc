// SPDX-License-Identifier: Apache-2.0
// Covers what a stranger reaches behind the HTTP parser: targets, query strings, the parsing of SigV4 claims,
// the canonical request, gzip bodies and CONNECT targets. The input is a request in text. Claims: refusals
// are printable and short, no body grows beyond its bound, a CONNECT target is a host name, nobody gets in
// without the key, and whatever we sign ourselves verifies.

// Links: coffer_wire
#include <algorithm>
#include <cctype>

#include "tests/fuzz/check.h"
#include "wire/connect_target.h"
#include "wire/gzip.h"
#include "wire/sigv4.h"
#include "wire/sigv4_canonical.h"
#include "wire/sigv4_sign.h"

namespace {

using namespace coffer;
using namespace coffer::wire;

constexpr size_t kLargestBody = 64 * 1024;

std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// RFC 9110 section 5.6.2, as the HTTP parser in front enforces it.
bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

HttpRequest read_request(std::string_view text) {
  HttpRequest request;
  const std::string_view first = take_line(text);
  const size_t blank = std::min(first.find(' '), first.size());
  request.method = first.substr(0, blank);
  request.set_target(std::string(first.substr(std::min(blank + 1, first.size()))));
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty()) break;
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos && is_token(line.substr(0, colon)))
      request.headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 1)));
  }
  request.body = to_bytes(text);
  return request;
}

void check_failure(const AuthFailure& failure) {
  FUZZ_CHECK(failure.message.size() < 2000);
  for (const char c : failure.message) FUZZ_CHECK(c >= 0x20 && c <= 0x7e);
  for (const auto family : {AuthErrorFamily::kJson, AuthErrorFamily::kQuery, AuthErrorFamily::kEc2})
    FUZZ_CHECK(answer_for(failure, family).http_status >= 400);
}

void check_stranger(const HttpRequest& request, const secret::SecretBytes& key, Timestamp now) {
  const auto claim = parse_claim(request);
  if (!claim) return check_failure(claim.error());
  if (!*claim) return;
  const auto status = verify(request, **claim, key, {now, false});
  FUZZ_CHECK(!status);
  check_failure(status.error());
}

void check_round_trip(HttpRequest request, const secret::SecretBytes& secret, Timestamp now) {
  for (const char* name : {"Authorization", "X-Amz-Content-Sha256", "X-Amz-Security-Token"})
    request.headers.remove(name);
  request.headers.set("Host", "kms.us-west-2.amazonaws.com");
  const auto parameters = parse_query(request.query);
  FUZZ_CHECK(parameters.has_value() == canonical_query(request.query).has_value());
  if (!parameters || request.headers.size() > 90) return;
  if (std::any_of(parameters->begin(), parameters->end(),
                  [](const auto& parameter) { return parameter.first.starts_with("X-Amz-"); }))
    return;
  const SigningIdentity identity{"AKIDEXAMPLE", secret, "", "us-west-2", "kms"};
  FUZZ_CHECK(sign_request(request, identity, now));
  const auto claim = parse_claim(request);
  FUZZ_CHECK(claim && *claim);
  const auto key = derive_signing_key(secret, {(*claim)->date, "us-west-2", "kms"});
  FUZZ_CHECK(verify(request, **claim, key, {now, false}));
  request.body.push_back(0);
  FUZZ_CHECK(!verify(request, **claim, key, {now, false}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Timestamp now = *parse_basic_iso8601("20150830T123600Z");
  const auto secret = secret::SecretBytes::copy_of(as_bytes("a secret access key of the fuzz target"));
  HttpRequest request = read_request({reinterpret_cast<const char*>(data), size});

  check_stranger(request, derive_signing_key(secret, {"20150830", "us-west-2", "kms"}), now);
  check_round_trip(request, secret, now);
  if (const auto host = parse_connect_target(request.target)) {
    FUZZ_CHECK(is_host_name(*host));
    FUZZ_CHECK(host->ends_with(".amazonaws.com"));
  }
  if (const auto plain = gunzip(request.body, kLargestBody)) FUZZ_CHECK(plain->size() <= kLargestBody);
  const size_t sent = request.body.size();
  if (decode_content(request, kLargestBody)) FUZZ_CHECK(request.body.size() <= std::max(kLargestBody, sent));
  return 0;
}
