// SPDX-License-Identifier: Apache-2.0
#include "services/sts/json_web_token.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "base/encoding.h"
#include "policy/json.h"

namespace coffer::services::sts {
namespace {

using policy::JsonValue;

constexpr const char* kTagsClaim = "https://aws.amazon.com/tags";
constexpr const char* kSourceIdentityClaim = "https://aws.amazon.com/source_identity";
constexpr double kLatest = 253402300799;  // the year 9999

tl::unexpected<Error> no_token() {
  return fail(
      ErrorKind::kInvalidArgument,
      "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)");
}
tl::unexpected<Error> lacks(std::string_view claim) {
  return fail(ErrorKind::kInvalidArgument, fmt::format("Missing a required claim: {}", claim));
}

// One of the first two parts: an object in JSON.
Result<JsonValue::Object> decode_object(std::string_view part) {
  const auto bytes = from_base64url(part);
  if (!bytes) return no_token();
  auto json = policy::read_json(as_text(*bytes));
  if (!json || json->as<JsonValue::Object>() == nullptr) return no_token();
  return std::get<JsonValue::Object>(std::move(json->value));
}

const JsonValue* find(const JsonValue::Object& object, std::string_view name) {
  const auto found = std::ranges::find_if(object, [&](const auto& member) { return member.key == name; });
  return found == object.end() ? nullptr : &found->value;
}

std::string text_of(const JsonValue::Object& object, std::string_view name) {
  const auto* value = find(object, name);
  const auto* text = value == nullptr ? nullptr : value->as<std::string>();
  return text == nullptr ? std::string() : *text;
}

// A text or a list of texts; other things in it are left out.
std::vector<std::string> texts_of(const JsonValue::Object& object, std::string_view name) {
  const auto* value = find(object, name);
  if (value == nullptr) return {};
  if (const auto* text = value->as<std::string>()) return {*text};
  std::vector<std::string> texts;
  if (const auto* list = value->as<JsonValue::List>())
    for (const auto& each : *list)
      if (const auto* text = each.as<std::string>()) texts.push_back(*text);
  return texts;
}

// NumericDate: seconds, of which parts are dropped.
std::optional<int64_t> time_of(const JsonValue::Object& object, std::string_view name) {
  const auto* value = find(object, name);
  const auto* number = value == nullptr ? nullptr : value->as<JsonValue::Number>();
  if (number == nullptr) return std::nullopt;
  double seconds = -1;
  const char* end = number->text.data() + number->text.size();
  const auto read = std::from_chars(number->text.data(), end, seconds);
  if (read.ec != std::errc() || read.ptr != end || !(seconds >= 0) || seconds > kLatest) return std::nullopt;
  return static_cast<int64_t>(std::floor(seconds));
}

Status read_header(const JsonValue::Object& header, JsonWebToken& token) {
  token.algorithm = text_of(header, "alg");
  if (token.algorithm != "RS256" && token.algorithm != "ES256")
    return fail(ErrorKind::kInvalidArgument, "The ID Token is signed by an algorithm that is not supported");
  if (find(header, "crit") != nullptr) return no_token();
  token.key_id = text_of(header, "kid");
  return {};
}

// STS API Reference, AssumeRole: SourceIdentity.
Status read_source_identity(const JsonValue::Object& claims, JsonWebToken& token) {
  if (find(claims, kSourceIdentityClaim) == nullptr) return {};
  token.source_identity = text_of(claims, kSourceIdentityClaim);
  const auto allowed = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("_+=,.@-").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (token.source_identity.size() < 2 || token.source_identity.size() > 64 ||
      !std::ranges::all_of(token.source_identity, allowed))
    return no_token();
  return {};
}

// {"principal_tags": {"NAME": ["VALUE"]}, "transitive_tag_keys": ["NAME"]}
Status read_tags(const JsonValue::Object& claims, JsonWebToken& token) {
  const auto* value = find(claims, kTagsClaim);
  if (value == nullptr) return {};
  const auto* object = value->as<JsonValue::Object>();
  if (object == nullptr) return no_token();
  token.transitive_tags = texts_of(*object, "transitive_tag_keys");
  const auto* tags = find(*object, "principal_tags");
  if (tags == nullptr && token.transitive_tags.empty()) return {};
  if (tags == nullptr) return no_token();
  const auto* named = tags->as<JsonValue::Object>();
  if (named == nullptr) return no_token();
  for (const auto& [name, unused] : *named) {
    const auto values = texts_of(*named, name);
    if (values.size() != 1) return no_token();
    token.tags.emplace_back(name, values.front());
  }
  const auto is_tag = [&](const std::string& name) { return find(*named, name) != nullptr; };
  if (!std::ranges::all_of(token.transitive_tags, is_tag)) return no_token();
  return {};
}

Status read_claims(const JsonValue::Object& claims, JsonWebToken& token) {
  token.issuer = text_of(claims, "iss");
  if (token.issuer.empty()) return lacks("iss");
  token.subject = text_of(claims, "sub");
  if (token.subject.empty()) return lacks("sub");
  token.audiences = texts_of(claims, "aud");
  if (token.audiences.empty()) return lacks("aud");
  token.authorized_party = text_of(claims, "azp");
  token.methods = texts_of(claims, "amr");
  const auto expires = time_of(claims, "exp"), issued = time_of(claims, "iat");
  if (!expires) return lacks("exp");
  if (!issued) return lacks("iat");
  token.expires = *expires;
  token.issued = *issued;
  if (find(claims, "nbf") != nullptr) {
    const auto not_before = time_of(claims, "nbf");
    if (!not_before) return no_token();
    token.not_before = *not_before;
  }
  COFFER_CHECK(read_source_identity(claims, token));
  return read_tags(claims, token);
}

}  // namespace

Result<JsonWebToken> parse_token(std::string_view text) {
  if (text.size() > kLongestToken) return no_token();
  const size_t first = text.find('.');
  const size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos)
    return no_token();
  JsonWebToken token;
  COFFER_TRY(header, decode_object(text.substr(0, first)));
  COFFER_CHECK(read_header(header, token));
  COFFER_TRY(claims, decode_object(text.substr(first + 1, second - first - 1)));
  COFFER_CHECK(read_claims(claims, token));
  auto signature = from_base64url(text.substr(second + 1));
  if (!signature || signature->empty()) return no_token();
  token.signature = std::move(*signature);
  token.signed_part = text.substr(0, second);
  return token;
}

}  // namespace coffer::services::sts
