// SPDX-License-Identifier: Apache-2.0
#include "services/sts/json_web_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>

#include "base/encoding.h"
#include "crypto/json_web_key.h"
#include "policy/json.h"
#include "wire/json_text.h"

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

Status check_public(const JsonValue::Object& key, size_t position) {
  constexpr std::array<std::string_view, 9> kPrivate = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"};
  for (const std::string_view name : kPrivate)
    if (has_member(key, name))
      return fail(
          ErrorKind::kInvalidArgument,
          fmt::format("key {} of the set is a private key (it has the member \"{}\"): give the issuer's "
                      "public keys. Nothing of it was kept",
                      position, name));
  return {};
}

// The members of a key of `type` that anything is done with. What else there is may be anything, even a
// secret under a name that nobody knows.
std::string used_members(const JsonValue::Object& key, std::string_view type) {
  constexpr std::array<std::string_view, 6> kOfRsa = {"kty", "kid", "alg", "use", "n", "e"};
  constexpr std::array<std::string_view, 7> kOfEc = {"kty", "kid", "alg", "use", "crv", "x", "y"};
  std::string json;
  const auto add = [&](std::string_view name) {
    const std::string text = text_of(key, name);
    if (text.empty()) return;
    json += json.empty() ? "{" : ",";
    wire::append_json_string(json, name);
    json += ":";
    wire::append_json_string(json, text);
  };
  if (type == "RSA")
    for (const std::string_view name : kOfRsa) add(name);
  else
    for (const std::string_view name : kOfEc) add(name);
  return json + "}";
}

// `visit` is given each key and its position, from 1.
Status for_each_key(std::string_view text,
                    const std::function<Status(const JsonValue::Object&, size_t)>& visit) {
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
  size_t position = 0;
  for (const auto& each : *list) {
    const auto* json_key = each.as<JsonValue::Object>();
    if (json_key == nullptr) return fail(ErrorKind::kInvalidArgument, "a key of a key set is an object");
    COFFER_CHECK(visit(*json_key, ++position));
  }
  return {};
}

}  // namespace

Result<std::vector<JsonWebKey>> parse_key_set(std::string_view text) {
  std::vector<JsonWebKey> keys;
  COFFER_CHECK(for_each_key(text, [&](const JsonValue::Object& json, size_t) -> Status {
    if (auto key = public_key_of(json)) keys.push_back({text_of(json, "kid"), std::move(*key)});
    return {};
  }));
  if (keys.empty())
    return fail(ErrorKind::kInvalidArgument,
                "the key set has no RSA key of 2048, 3072 or 4096 bits and no key on P-256");
  return keys;
}

Result<AcceptedKeySet> accept_key_set(std::string_view text) {
  std::map<std::pair<std::string, std::string>, size_t> positions;  // by type and kid
  std::string kept;
  COFFER_CHECK(for_each_key(text, [&](const JsonValue::Object& json, size_t position) -> Status {
    COFFER_CHECK(check_public(json, position));
    const std::string type = text_of(json, "kty"), id = text_of(json, "kid");
    const auto [first, is_new] = positions.emplace(std::pair(type, id), position);
    if (!id.empty() && !is_new)
      return fail(ErrorKind::kInvalidArgument,
                  fmt::format("keys {} and {} of the set have one kid", first->second, position));
    if (public_key_of(json)) kept += (kept.empty() ? "" : ",") + used_members(json, type);
    return {};
  }));
  AcceptedKeySet accepted{{}, "{\"keys\":[" + kept + "]}"};
  COFFER_TRY(keys, parse_key_set(accepted.text));
  accepted.keys = std::move(keys);
  return accepted;
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
