// SPDX-License-Identifier: Apache-2.0
#include "services/sts/json_web_keys.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <set>

#include "base/encoding.h"
#include "crypto/json_web_key.h"
#include "policy/json.h"

namespace coffer::services::sts {
namespace {

using policy::JsonValue;

std::string text_of(const JsonValue::Object& object, std::string_view name) {
  const auto found = std::ranges::find_if(object, [&](const auto& member) { return member.key == name; });
  const auto* text = found == object.end() ? nullptr : found->value.as<std::string>();
  return text == nullptr ? std::string() : *text;
}

std::optional<Bytes> bytes_of(const JsonValue::Object& object, std::string_view name) {
  const std::string text = text_of(object, name);
  return text.empty() ? std::nullopt : from_base64url(text);
}

// Nothing for a key of another kind or for another use.
std::optional<crypto::PublicKey> public_key_of(const JsonValue::Object& json) {
  const std::string use = text_of(json, "use"), type = text_of(json, "kty");
  if (!use.empty() && use != "sig") return std::nullopt;
  const bool rsa = type == "RSA";
  if (!rsa && (type != "EC" || text_of(json, "crv") != "P-256")) return std::nullopt;
  const auto first = bytes_of(json, rsa ? "n" : "x"), second = bytes_of(json, rsa ? "e" : "y");
  if (!first || !second) return std::nullopt;
  auto key = rsa ? crypto::rsa_public_key(*first, *second) : crypto::p256_public_key(*first, *second);
  if (!key) return std::nullopt;
  return std::move(*key);
}

bool has_member(const JsonValue::Object& object, std::string_view name) {
  return std::ranges::any_of(object, [&](const auto& member) { return member.key == name; });
}

// Not of an RSA or EC key, nor one of octets alone, wherever in the text it stands: all of it is kept.
Status check_public(const JsonValue& value) {
  constexpr std::array<std::string_view, 8> kPrivate = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
  if (const auto* list = value.as<JsonValue::List>())
    for (const auto& each : *list) COFFER_CHECK(check_public(each));
  const auto* object = value.as<JsonValue::Object>();
  if (object == nullptr) return {};
  for (const auto& member : *object) COFFER_CHECK(check_public(member.value));
  if (!has_member(*object, "kty")) return {};
  for (const std::string_view name : kPrivate)
    if (has_member(*object, name))
      return fail(ErrorKind::kInvalidArgument,
                  "the key \"" + text_of(*object, "kid") + "\" is a private key (it has the member \"" +
                      std::string(name) + "\"): give the issuer's public keys. Nothing of it was kept");
  return {};
}

Status for_each_key(std::string_view text, const std::function<Status(const JsonValue::Object&)>& visit) {
  if (text.size() > kLargestKeySet) return fail(ErrorKind::kInvalidArgument, "a key set has at most 64 KiB");
  COFFER_TRY(json, policy::read_json(text));
  const auto* object = json.as<JsonValue::Object>();
  const auto* member = object == nullptr ? nullptr : [&]() -> const JsonValue* {
    const auto found = std::ranges::find_if(*object, [](const auto& each) { return each.key == "keys"; });
    return found == object->end() ? nullptr : &found->value;
  }();
  const auto* list = member == nullptr ? nullptr : member->as<JsonValue::List>();
  if (list == nullptr)
    return fail(ErrorKind::kInvalidArgument, "a key set is an object with a list \"keys\"");
  for (const auto& each : *list) {
    const auto* json_key = each.as<JsonValue::Object>();
    if (json_key == nullptr) return fail(ErrorKind::kInvalidArgument, "a key of a key set is an object");
    COFFER_CHECK(visit(*json_key));
  }
  return {};
}

}  // namespace

Result<std::vector<JsonWebKey>> parse_key_set(std::string_view text) {
  std::vector<JsonWebKey> keys;
  COFFER_CHECK(for_each_key(text, [&](const JsonValue::Object& json) -> Status {
    if (auto key = public_key_of(json)) keys.push_back({text_of(json, "kid"), std::move(*key)});
    return {};
  }));
  if (keys.empty())
    return fail(ErrorKind::kInvalidArgument,
                "the key set has no RSA key of 2048, 3072 or 4096 bits and no key on P-256");
  return keys;
}

Result<std::vector<JsonWebKey>> accept_key_set(std::string_view text) {
  std::set<std::pair<std::string, std::string>> names;  // type and kid
  COFFER_CHECK(for_each_key(text, [&](const JsonValue::Object& json) -> Status {
    const std::string id = text_of(json, "kid");
    if (id.empty() || names.emplace(text_of(json, "kty"), id).second) return {};
    return fail(ErrorKind::kInvalidArgument, "the key set has two keys with the kid \"" + id + "\"");
  }));
  COFFER_TRY(json, policy::read_json(text));
  COFFER_CHECK(check_public(json));
  return parse_key_set(text);
}

TokenCheck check_signature(const JsonWebToken& token, const std::vector<JsonWebKey>& keys) {
  TokenCheck check;
  for (const auto& [id, key] : keys) {
    if (!token.key_id.empty() && token.key_id != id) continue;
    if (crypto::is_rsa(key.kind()) != (token.algorithm == "RS256")) continue;
    check.knows_key = true;
    if (crypto::verify_token_signature(key, as_bytes(token.signed_part), token.signature)) check.valid = true;
  }
  return check;
}

}  // namespace coffer::services::sts
