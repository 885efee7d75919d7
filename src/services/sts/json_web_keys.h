// SPDX-License-Identifier: Apache-2.0
// The public keys that an issuer signs its tokens with: a JWK Set (RFC 7517 section 5), as its jwks_uri gives
// it. Pure, thread-safe.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "crypto/key_pair.h"
#include "services/sts/json_web_token.h"

namespace coffer::services::sts {

inline constexpr size_t kLargestKeySet = 64 * 1024;  // bytes

struct JsonWebKey {
  std::string id;  // empty without one
  crypto::PublicKey key;
};

// The RSA keys of 2048, 3072 or 4096 bits and the keys on P-256 that are for signatures; others are left out,
// as the RFC has it. kInvalidArgument, with the cause, for what is no key set, and for one without such keys.
Result<std::vector<JsonWebKey>> parse_key_set(std::string_view text);

struct AcceptedKeySet {
  std::vector<JsonWebKey> keys;
  std::string text;  // a key set that has these keys, and of them only the members that are used
};

// What is to be stored is asked for more: kInvalidArgument too for private or secret keys (RFC 7518 sections
// 6.2.2, 6.3.2 and 6.4), of whatever type and use; and for two keys of one type with one kid, of which nobody
// could say which is meant. Messages name a key by its position, from 1: nothing of a key is quoted.
Result<AcceptedKeySet> accept_key_set(std::string_view text);

// Is the token signed by one of the keys? By the one of its key id where it names one, and only by the
// algorithm that the key is for. `knows_key`: is there such a key at all?
struct TokenCheck {
  bool knows_key = false, valid = false;
};
TokenCheck check_signature(const JsonWebToken& token, const std::vector<JsonWebKey>& keys);

}  // namespace coffer::services::sts
