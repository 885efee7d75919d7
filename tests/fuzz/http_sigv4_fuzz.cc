// SPDX-License-Identifier: Apache-2.0
// Covers what a stranger reaches behind the HTTP parser: targets, query strings, the parsing of SigV4 claims,
// session tokens, the canonical request, gzip bodies and CONNECT targets. The input is a request in text;
// what its first X-Amz-Security-Token says is also the token that we sign it with ourselves. Claims: refusals
// are printable and short, no body grows beyond its bound, a CONNECT target is a host name, nobody gets in
// without the key, whatever we sign ourselves verifies and tells its token exactly, and a token that was not
// signed, was changed after it, or is given twice is refused.

// Links: coffer_wire
#include <algorithm>
#include <cctype>

#include "base/encoding.h"
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

constexpr const char* kTokenName = "X-Amz-Security-Token";
constexpr const char* kIdentityParts[] = {"AKIDEXAMPLE", "us-west-2", "kms"};

struct Keys {
  Timestamp now = *parse_basic_iso8601("20150830T123600Z");
  secret::SecretBytes secret =
      secret::SecretBytes::copy_of(as_bytes("a secret access key of the fuzz target"));
  secret::SecretBytes signing = derive_signing_key(secret, {"20150830", "us-west-2", "kms"});
  secret::SecretBytes another = derive_signing_key(secret, {"20150831", "us-west-2", "kms"});
};
const Keys& keys() {
  static const Keys keys;
  return keys;
}

AuthResult<std::optional<SigV4Claim>> read_claim(const HttpRequest& request) {
  auto claim = parse_claim(request);
#ifdef COFFER_PLANTED_BUG
  // A token's second sign of padding is lost.
  if (claim && *claim && (*claim)->session_token.ends_with("==")) (*claim)->session_token.pop_back();
#endif
  return claim;
}

void check_stranger(const HttpRequest& request) {
  const auto claim = read_claim(request);
  if (!claim) return check_failure(claim.error());
  if (!*claim) return;
  const bool lenient = request.body.size() % 2 == 1;
  const auto status =
      verify(request, **claim, keys().signing, {keys().now, lenient, lenient, request.body.size() % 3 == 1});
  FUZZ_CHECK(!status);
  check_failure(status.error());
}

// Whoever gets in has the token that was signed.
void check_believed(const HttpRequest& request, const std::string& token) {
  const auto claim = read_claim(request);
  if (!claim || !*claim) return;
  if (verify(request, **claim, keys().signing, {keys().now, false}))
    FUZZ_CHECK((*claim)->session_token == token);
}

void check_refused(const HttpRequest& request) {
  const auto claim = read_claim(request);
  FUZZ_CHECK(!claim || !*claim || !verify(request, **claim, keys().signing, {keys().now, false}));
}

bool is_plain(const std::string& token) {
  return std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// What we signed with the token. False where no such token can be: it is refused.
bool check_signed(HttpRequest& request, const std::string& token) {
  const auto claim = read_claim(request);
  if (!is_plain(token)) {
    FUZZ_CHECK(!claim && claim.error().reason == AuthReason::kInvalidToken);
    return false;
  }
  FUZZ_CHECK(claim && *claim && (*claim)->session_token == token);
  FUZZ_CHECK(verify(request, **claim, keys().signing, {keys().now, false}));
  FUZZ_CHECK(!verify(request, **claim, keys().another, {keys().now, false}));
  request.body.push_back(0);
  FUZZ_CHECK(!verify(request, **claim, keys().signing, {keys().now, false}));
  request.body.pop_back();
  return true;
}

// One of the ways to another token, none of which has its bytes alone.
std::string changed(std::string token, size_t way) {
  if (token.empty() || way % 3 == 0) return token + "x";
  if (way % 3 == 1) token.pop_back();
  if (way % 3 == 2) token[way % token.size()] ^= 1;
  return token;
}

std::string token_parameter(const std::string& token) {
  return std::string(kTokenName) + "=" + percent_encode(token);
}

// The input's size tells in which of the ways the token is tampered with, so that each execution is short.
void tamper_with_header(HttpRequest request, const std::string& token, size_t way) {
  const size_t comma = token.find(',');
  switch (way % 5) {
    case 0:
      request.headers.remove(kTokenName);
      return token.empty() ? void() : check_refused(request);
    case 1:
      request.headers.set(kTokenName, changed(token, way / 5));
      return check_refused(request);
    case 2:
      request.headers.add(kTokenName, token);
      return check_refused(request);
    case 3:  // a list of fields and one field with commas are signed alike, and so are blanks around a value
      request.headers.set(kTokenName, token.substr(0, comma) + (way % 2 == 0 ? " " : ""));
      if (comma != std::string::npos) request.headers.add(kTokenName, token.substr(comma + 1));
      return check_believed(request, token);
    default:
      request.set_target(request.path + "?" + request.query + "&" + token_parameter(token));
      return check_refused(request);
  }
}

void sign_in_header(HttpRequest request, const std::string& token, size_t way) {
  const auto [id, region, service] = kIdentityParts;
  FUZZ_CHECK(sign_request(request, {id, keys().secret, token, region, service}, keys().now));
  if (check_signed(request, token)) tamper_with_header(std::move(request), token, way);
}

void tamper_with_query(HttpRequest request, const std::string& token, size_t way) {
  const std::string parameter = token_parameter(token), query = request.query;
  const size_t at = query.rfind("&" + parameter + "&");
  FUZZ_CHECK(token.empty() || at != std::string::npos);
  const auto check_with = [&](const std::string& other) {
    request.set_target(request.path + "?" + other);
    check_refused(request);
  };
  switch (token.empty() ? way % 3 : way % 5) {
    case 0:
      return check_with(query + "&" + parameter);
    case 1:
      return check_with(parameter + "x&" + query);
    case 2:  // a header beside it is not signed
      request.headers.add(kTokenName, token);
      return check_refused(request);
    case 3:
      return check_with(query.substr(0, at) + query.substr(at + 1 + parameter.size()));
    default:
      return check_with(query.substr(0, at + 1) + token_parameter(changed(token, way / 5)) +
                        query.substr(at + 1 + parameter.size()));
  }
}

void sign_in_query(HttpRequest request, const std::string& token, size_t way) {
  const auto [id, region, service] = kIdentityParts;
  const SigningIdentity identity{id, keys().secret, token, region, service};
  if (way % 6 == 5) {  // two in the query string are two, also when both are signed
    request.set_target(request.path + "?" + kTokenName + "=y&" + request.query);
    FUZZ_CHECK(presign_request(request, identity, keys().now, 300));
    return token.empty() ? check_believed(request, "y") : check_refused(request);
  }
  FUZZ_CHECK(presign_request(request, identity, keys().now, 300));
  if (check_signed(request, token)) tamper_with_query(std::move(request), token, way);
}

void check_round_trip(HttpRequest request, size_t way) {
  const std::string token(request.headers.value_or(kTokenName, ""));
  for (const char* name : {"Authorization", "X-Amz-Content-Sha256", kTokenName}) request.headers.remove(name);
  request.headers.set("Host", "kms.us-west-2.amazonaws.com");
  const auto parameters = parse_query(request.query);
  FUZZ_CHECK(parameters.has_value() == canonical_query(request.query).has_value());
  if (!parameters || request.headers.size() > 90) return;
  if (std::any_of(parameters->begin(), parameters->end(),
                  [](const auto& parameter) { return parameter.first.starts_with("X-Amz-"); }))
    return;
  if (way % 2 == 0) return sign_in_header(std::move(request), token, way / 2);
  request.headers.remove("X-Amz-Target");  // which must be signed where it is
  sign_in_query(std::move(request), token, way / 2);
}

void check_body(HttpRequest& request) {
  if (!request.body.empty() && request.body[0] == 0x1f)  // gzip's first byte; all else is refused alike
    if (const auto plain = gunzip(request.body, kLargestBody)) FUZZ_CHECK(plain->size() <= kLargestBody);
  const size_t sent = request.body.size();
  if (decode_content(request, kLargestBody)) FUZZ_CHECK(request.body.size() <= std::max(kLargestBody, sent));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  HttpRequest request = read_request({reinterpret_cast<const char*>(data), size});
  check_stranger(request);
  check_round_trip(request, size);
  if (const auto host = parse_connect_target(request.target)) {
    FUZZ_CHECK(is_host_name(*host));
    FUZZ_CHECK(host->ends_with(".amazonaws.com"));
  }
  check_body(request);
  return 0;
}
