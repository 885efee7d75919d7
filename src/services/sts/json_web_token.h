// SPDX-License-Identifier: Apache-2.0
// An OpenID Connect identity token, taken apart; nothing of it is proven yet. Pure, thread-safe.
// Source: RFC 7515 (compact serialization), RFC 7519; OpenID Connect Core 1.0 section 2; IAM User Guide,
// "Pass session tags using AssumeRoleWithWebIdentity".
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace coffer::services::sts {

inline constexpr size_t kLongestToken = 20'000;  // characters, as STS has it

struct JsonWebToken {
  std::string algorithm;  // "RS256" or "ES256"
  std::string key_id;     // empty without one
  std::string issuer;     // "https://..."
  std::string subject;
  std::vector<std::string> audiences;
  std::string authorized_party;      // azp; empty without one
  std::vector<std::string> methods;  // amr
  int64_t expires = 0, issued = 0;   // seconds since 1970
  int64_t not_before = 0;
  std::vector<std::pair<std::string, std::string>> tags;  // principal_tags
  std::vector<std::string> transitive_tags;               // names among them
  std::string source_identity;                            // empty without one
  std::string signed_part;
  Bytes signature;
};

// kInvalidArgument, with a sentence for the caller, for what is no token, is signed by another algorithm or
// not at all, has a critical header, or lacks iss, sub, aud, exp or iat.
Result<JsonWebToken> parse_token(std::string_view text);

}  // namespace coffer::services::sts
