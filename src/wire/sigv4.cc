// SPDX-License-Identifier: Apache-2.0
#include "wire/sigv4.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "crypto/mac.h"
#include "wire/sigv4_canonical.h"

namespace coffer::wire {
namespace {

constexpr int64_t kSecond = 1000000;
constexpr int64_t kSkewSeconds = 5 * 60;
constexpr int64_t kLongestPresigned = 7 * 24 * 3600;
constexpr size_t kMostSignedHeaders = 100;  // real ones sign about ten; lookups are quadratic

// A client's own text for an error message: short and printable, so that it fits into any document.
std::string shown(std::string_view text) {
  std::string result(text.substr(0, 256));
  for (char& c : result)
    if (c < 0x20 || c > 0x7e) c = '?';
  return result;
}

std::string hashed(std::string_view text) {
  return base64(crypto::sha256(as_bytes(text)));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  parts.reserve(static_cast<size_t>(std::ranges::count(text, separator)) + 1);
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// Takes the next word off the front of a header; empty when there is none.
std::string_view take_word(std::string_view& text) {
  const auto separates = [](char c) { return c == ' ' || c == '\t' || c == ','; };
  text.remove_prefix(static_cast<size_t>(std::ranges::find_if_not(text, separates) - text.begin()));
  const auto end = static_cast<size_t>(std::ranges::find_if(text, separates) - text.begin());
  const auto word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

// The parts of a claim as the header or the query string gives them, not looked into yet.
struct ClaimText {
  std::string_view credential, signature, signed_headers, date;
  size_t session_tokens = 0;  // in the query string
};

bool holds(const SigV4Claim& claim, std::string_view header) {
  return std::find(claim.signed_headers.begin(), claim.signed_headers.end(), header) !=
         claim.signed_headers.end();
}

AuthStatus check_signed_headers(const HttpRequest& request, const SigV4Claim& claim) {
  if (claim.signed_headers.size() > kMostSignedHeaders)
    return refuse(AuthReason::kIncomplete, "Too many elements in 'SignedHeaders'.");
  if (!holds(claim, "host"))
    return refuse(AuthReason::kMismatch,
                  "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  // What decides the operation and the principal must not be exchangeable under a valid signature.
  for (const auto& [name, signed_name] : {std::pair{"X-Amz-Target", "x-amz-target"},
                                          std::pair{"X-Amz-Security-Token", "x-amz-security-token"}}) {
    if (request.headers.contains(name) && !holds(claim, signed_name))
      return refuse(AuthReason::kMismatch,
                    fmt::format("'{}' must be a 'SignedHeader' in the AWS Authorization.", name));
  }
  return {};
}

// Only what every reader reads the same way: under one signature a field may be split at its commas, and its
// blanks may be more.
AuthStatus check_session_token(const std::string& token, size_t times) {
  const bool plain = std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (times > 1 || !plain) return tl::unexpected(invalid_session_token());
  return {};
}

AuthStatus fill_credential(std::string_view credential, std::string_view time_text, SigV4Claim& claim) {
  const auto parts = split(credential, '/');
  if (parts.size() != 5 ||
      std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part.empty(); }))
    return refuse(AuthReason::kIncomplete,
                  fmt::format("Credential must have exactly 5 slash-delimited elements, e.g. "
                              "keyid/date/region/service/term, got '{}'",
                              shown(credential)));
  claim.access_key_id = parts[0];
  claim.date = parts[1];
  claim.region = parts[2];
  claim.service = parts[3];

  std::string wrong;
  if (parts[4] != kSigV4Terminator)
    wrong = fmt::format("Credential should be scoped with a valid terminator: '{}', not '{}'. ",
                        kSigV4Terminator, shown(parts[4]));
  if (const std::string day = basic_iso8601(claim.timestamp).substr(0, 8); claim.date != day)
    wrong += fmt::format(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != "
        "'{}', "
        "from '{}'.",
        shown(claim.date), day, shown(time_text));
  if (!wrong.empty()) return refuse(AuthReason::kScope, wrong);
  return {};
}

AuthResult<std::optional<SigV4Claim>> complete(const HttpRequest& request, const ClaimText& text,
                                               SigV4Claim claim) {
  auto time = parse_basic_iso8601(text.date);
  if (!time && !claim.presigned) time = parse_http_date(text.date);
  if (!time)
    return refuse(AuthReason::kIncomplete,
                  fmt::format("Date must be in ISO-8601 'basic format'. Got '{}'. See "
                              "http://en.wikipedia.org/wiki/ISO_8601",
                              shown(text.date)));
  claim.timestamp = *time;
  claim.signature = text.signature;
  const auto signed_headers = split(text.signed_headers, ';');
  claim.signed_headers.reserve(signed_headers.size());
  for (const std::string_view name : signed_headers) claim.signed_headers.push_back(lower_case(name));
  if (auto status = check_signed_headers(request, claim); !status) return tl::unexpected(status.error());
  const size_t times = std::max(text.session_tokens, request.headers.all("X-Amz-Security-Token").size());
  if (auto status = check_session_token(claim.session_token, times); !status)
    return tl::unexpected(status.error());
  if (auto status = fill_credential(text.credential, text.date, claim); !status)
    return tl::unexpected(status.error());
  return claim;
}

AuthResult<std::optional<SigV4Claim>> parse_header(const HttpRequest& request, const std::string& header) {
  std::string_view rest = header;
  if (const auto algorithm = take_word(rest); algorithm != kSigV4Algorithm)
    return refuse(AuthReason::kIncomplete,
                  fmt::format("Unsupported AWS 'algorithm': '{}'.", shown(algorithm)));

  ClaimText text;
  for (auto pair = take_word(rest); !pair.empty(); pair = take_word(rest)) {
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos)
      return refuse(
          AuthReason::kIncomplete,
          fmt::format("Invalid key=value pair (missing equal-sign) in Authorization header (hashed with "
                      "SHA-256 and encoded with Base64): '{}'.",
                      hashed(header)));
    const std::string_view name = pair.substr(0, equals), value = pair.substr(equals + 1);
    if (name == "Credential") text.credential = value;
    if (name == "Signature") text.signature = value;
    if (name == "SignedHeaders") text.signed_headers = value;
  }
  text.date = request.headers.value_or("X-Amz-Date", request.headers.value_or("Date", ""));

  std::string missing;
  if (text.credential.empty()) missing += "Authorization header requires 'Credential' parameter. ";
  if (text.signature.empty()) missing += "Authorization header requires 'Signature' parameter. ";
  if (text.signed_headers.empty()) missing += "Authorization header requires 'SignedHeaders' parameter. ";
  if (text.date.empty())
    missing += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  if (!missing.empty())
    return refuse(AuthReason::kIncomplete,
                  fmt::format("{}(Hashed with SHA-256 and encoded with Base64) Authorization={}", missing,
                              hashed(header)));
  SigV4Claim claim;
  claim.session_token = request.headers.value_or("X-Amz-Security-Token", "");
  return complete(request, text, std::move(claim));
}

AuthStatus fill_expiry(std::string_view text, SigV4Claim& claim) {
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size())
    return refuse(AuthReason::kIncomplete, "X-Amz-Expires should be a number");
  if (seconds < 0) return refuse(AuthReason::kIncomplete, "X-Amz-Expires must be non-negative");
  if (seconds > kLongestPresigned)
    return refuse(
        AuthReason::kIncomplete,
        "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be "
        "less than 604800 seconds");
  claim.expires_seconds = seconds;
  return {};
}

AuthResult<std::optional<SigV4Claim>> parse_presigned(const HttpRequest& request,
                                                      const QueryParameters& parameters) {
  const auto value_of = [&](std::string_view name) -> const std::string* {
    for (const auto& [key, value] : parameters)
      if (key == name) return &value;
    return nullptr;
  };
  std::string missing;
  const auto required = [&](std::string_view name) -> std::string_view {
    const std::string* value = value_of(name);
    if (value && !value->empty()) return *value;
    missing += fmt::format("AWS query-string parameters must include '{}'. ", name);
    return {};
  };
  const std::string_view algorithm = required("X-Amz-Algorithm");
  ClaimText text;
  text.credential = required("X-Amz-Credential");
  text.signature = required("X-Amz-Signature");
  text.signed_headers = required("X-Amz-SignedHeaders");
  text.date = required("X-Amz-Date");
  if (!missing.empty())
    return refuse(AuthReason::kIncomplete, missing + "Re-examine the query-string parameters.");
  if (algorithm != kSigV4Algorithm)
    return refuse(AuthReason::kIncomplete,
                  fmt::format("Unsupported AWS 'algorithm': '{}'.", shown(algorithm)));

  SigV4Claim claim;
  claim.presigned = true;
  if (const std::string* token = value_of("X-Amz-Security-Token")) claim.session_token = *token;
  text.session_tokens = static_cast<size_t>(
      std::ranges::count(parameters, "X-Amz-Security-Token", &QueryParameters::value_type::first));
  if (const std::string* expires = value_of("X-Amz-Expires")) {
    if (auto status = fill_expiry(*expires, claim); !status) return tl::unexpected(status.error());
  }
  return complete(request, text, std::move(claim));
}

std::string in_words(int64_t seconds) {
  return seconds % 60 == 0 ? fmt::format("{} min.", seconds / 60) : fmt::format("{} sec.", seconds);
}

// The payload hash to put into the canonical request; nothing when the request declares another one.
std::optional<std::string> payload_hash(const HttpRequest& request, const SigV4Claim& claim,
                                        const SigV4Rules& rules) {
  const std::string* declared = request.headers.find("X-Amz-Content-Sha256");
  const bool declared_unsigned = declared && *declared == kUnsignedPayload;
  if ((rules.s3 || rules.unsigned_payload) && declared_unsigned) return std::string(kUnsignedPayload);
  if (rules.s3 && declared == nullptr && claim.presigned) return std::string(kUnsignedPayload);
  std::string actual = hex(crypto::sha256(request.body));
  if (declared && *declared != actual) return std::nullopt;
  return actual;
}

AuthStatus check_parameter_headers(const HttpRequest& request, const SigV4Claim& claim) {
  for (const auto& [name, value] : request.headers) {
    const std::string lower = lower_case(name);
    if (lower.starts_with("x-amz-") && !holds(claim, lower))
      return refuse(AuthReason::kMismatch,
                    fmt::format("'{}' must be a 'SignedHeader' in the AWS Authorization.", shown(name)));
  }
  return {};
}

}  // namespace

AuthResult<std::optional<SigV4Claim>> parse_claim(const HttpRequest& request) {
  const auto parameters = parse_query(request.query);
  if (!parameters) return refuse(AuthReason::kMalformedQuery, "The query string contains a syntax error.");
  const bool in_query = std::any_of(parameters->begin(), parameters->end(), [](const auto& parameter) {
    return parameter.first == "X-Amz-Algorithm";
  });
  const std::string* header = request.headers.find("Authorization");
  const bool in_header = header && header->starts_with("AWS4-");
  if (in_query && in_header)
    return refuse(AuthReason::kMismatch,
                  "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
  if (in_header) return parse_header(request, *header);
  if (in_query) return parse_presigned(request, *parameters);
  return std::nullopt;
}

AuthStatus check_time(const SigV4Claim& claim, Timestamp now) {
  const int64_t window = claim.expires_seconds.value_or(kSkewSeconds);
  const Timestamp earliest{now.microseconds - window * kSecond};
  const Timestamp latest{now.microseconds + kSkewSeconds * kSecond};
  if (claim.timestamp < earliest)
    return refuse(AuthReason::kExpired, fmt::format("Signature expired: {} is now earlier than {} ({} - {})",
                                                    basic_iso8601(claim.timestamp), basic_iso8601(earliest),
                                                    basic_iso8601(now), in_words(window)));
  if (claim.timestamp > latest)
    return refuse(AuthReason::kNotYetCurrent,
                  fmt::format("Signature not yet current: {} is still later than {} ({} + {})",
                              basic_iso8601(claim.timestamp), basic_iso8601(latest), basic_iso8601(now),
                              in_words(kSkewSeconds)));
  return {};
}

AuthStatus verify(const HttpRequest& request, const SigV4Claim& claim, const secret::SecretBytes& signing_key,
                  const SigV4Rules& rules) {
  if (auto status = check_time(claim, rules.now); !status) return status;
  if (rules.parameters_in_headers)
    if (auto status = check_parameter_headers(request, claim); !status) return status;
  const auto payload = payload_hash(request, claim, rules);
  if (!payload) return tl::unexpected(signature_mismatch());
  const auto canonical = canonical_request(request, claim.signed_headers, *payload, rules.s3);
  if (!canonical) return tl::unexpected(signature_mismatch());
  const std::string text =
      string_to_sign(claim.timestamp, {claim.date, claim.region, claim.service}, *canonical);
  const std::string expected = hex(crypto::hmac_sha256(signing_key, as_bytes(text)));
  if (!crypto::equal_constant_time(as_bytes(expected), as_bytes(claim.signature)))
    return tl::unexpected(signature_mismatch());
  return {};
}

}  // namespace coffer::wire
