// SPDX-License-Identifier: Apache-2.0
// Covers OpenID Connect identity tokens and JWK Sets. The input is a token; or, when it begins with a brace,
// a key set; or, after a bar, a token's header and, on the next line, its claims, not encoded. Claims: what
// is refused has a cause, a token that is accepted has all that is asked of it, its signed part is what it
// was made of, and no key that is read from an input makes a token valid which nobody signed.

// Links: coffer_services
#include "base/encoding.h"
#include "services/sts/json_web_keys.h"
#include "services/sts/json_web_token.h"
#include "tests/fuzz/check.h"

namespace {

using namespace coffer;
using namespace coffer::services::sts;

// The keys of RFC 7515, appendices A.2 and A.3, whose examples lack what an identity token has.
constexpr const char* kKeys =
    R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},{"kty":"RSA","kid":"r","e":"AQAB","n":)"
    R"("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-)"
    R"(SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-)"
    R"(UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2et)"
    R"(hFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}]})";

void check_token(std::string_view text) {
  const auto token = parse_token(text);
  if (!token) {
    FUZZ_CHECK(token.error().kind == ErrorKind::kInvalidArgument && !token.error().message.empty());
    return;
  }
  FUZZ_CHECK(!token->issuer.empty() && !token->subject.empty() && !token->audiences.empty());
  FUZZ_CHECK(token->expires >= 0 && token->issued >= 0 && !token->signature.empty());
  FUZZ_CHECK(token->algorithm == "RS256" || token->algorithm == "ES256");
  FUZZ_CHECK(text.starts_with(token->signed_part) && text[token->signed_part.size()] == '.');
  static const auto keys = parse_key_set(kKeys);
  FUZZ_CHECK(keys && keys->size() == 2);
  FUZZ_CHECK(!check_signature(*token, *keys).valid);
}

void check_key_set(std::string_view text) {
  const auto keys = parse_key_set(text);
  const auto kept = accept_key_set(text);
  if (kept) {
    const auto again = accept_key_set(kept->text);
    FUZZ_CHECK(keys && kept->keys.size() == keys->size() && again && again->text == kept->text);
  }
  if (!keys) {
    FUZZ_CHECK(!keys.error().message.empty());
    return;
  }
  FUZZ_CHECK(!keys->empty());
  for (const auto& [id, key] : *keys) {
    FUZZ_CHECK(crypto::PublicKey::parse(key.kind(), key.der()));
    JsonWebToken token;
    token.algorithm = crypto::is_rsa(key.kind()) ? "RS256" : "ES256";
    token.signed_part = "header.claims";
    token.signature = Bytes(crypto::is_rsa(key.kind()) ? crypto::modulus_size(key.kind()) : 64, 0x01);
    FUZZ_CHECK(!check_signature(token, *keys).valid);
  }
}

void check_plain(std::string_view text) {
  const size_t line = std::min(text.find('\n'), text.size());
  const std::string_view header = text.substr(0, line), claims = text.substr(std::min(line + 1, text.size()));
  FUZZ_CHECK(from_base64url(base64url(as_bytes(claims))) == Bytes(claims.begin(), claims.end()));
  check_token(base64url(as_bytes(header)) + "." + base64url(as_bytes(claims)) + "." + std::string(86, 'A'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with('{'))
    check_key_set(text);
  else if (text.starts_with('|'))
    check_plain(text.substr(1));
  else
    check_token(text);
  return 0;
}
