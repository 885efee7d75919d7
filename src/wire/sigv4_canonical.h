// SPDX-License-Identifier: Apache-2.0
// The canonical request and the string to sign of Signature Version 4, shared by the side that checks and the
// side that signs. Pure. Source: IAM User Guide, "Create a signed AWS API request", steps 1 to 3.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "wire/http.h"

namespace coffer::wire {

constexpr std::string_view kSigV4Algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kSigV4Terminator = "aws4_request";
constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";  // in place of the body's hash

// Dot segments and repeated slashes resolved, then each segment percent-encoded as it stands (so that what
// was encoded on the wire is encoded twice). S3 wants the path as it is, encoded once.
std::string canonical_path(std::string_view wire_path, bool s3);

// Parameters sorted by encoded name, then value; without X-Amz-Signature. Nothing on a malformed escape.
std::optional<std::string> canonical_query(std::string_view wire_query);

// "name:value\n" for each of `names` (lower case): values trimmed, runs of blanks folded, several joined by
// commas. Nothing when the request lacks one of them.
std::optional<std::string> canonical_headers(const HttpHeaders& headers,
                                             const std::vector<std::string>& names);

// Nothing when the query or a named header prevents it.
std::optional<std::string> canonical_request(const HttpRequest& request,
                                             const std::vector<std::string>& signed_headers,
                                             std::string_view payload_hash, bool s3);

struct CredentialScope {
  std::string_view date, region, service;
};
std::string to_string(const CredentialScope& scope);  // "20150830/us-east-1/kms/aws4_request"
std::string string_to_sign(Timestamp time, const CredentialScope& scope, std::string_view canonical_request);

// "20150830T123600Z", or an HTTP date ("Sun, 30 Aug 2015 12:36:00 GMT").
std::optional<Timestamp> parse_basic_iso8601(std::string_view text);
std::optional<Timestamp> parse_http_date(std::string_view text);

}  // namespace coffer::wire
