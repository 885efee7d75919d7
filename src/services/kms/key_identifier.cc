// SPDX-License-Identifier: Apache-2.0
#include "services/kms/key_identifier.h"

#include "base/ids.h"

namespace coffer::services::kms {
namespace {

constexpr std::string_view kKeyPrefix = "key/", kAliasPrefix = "alias/";

}  // namespace

Result<KeyIdentifier> read_key_identifier(const std::string& text) {
  KeyIdentifier read;
  read.name = text;
  bool may_be_key = true;
  if (text.starts_with("arn:")) {
    read.arn = parse_arn(text);
    if (!read.arn || read.arn->service != "kms")
      return fail(ErrorKind::kInvalidArgument, "Invalid arn " + text, "InvalidArnException");
    // In an ARN a key's id stands behind "key/", and nothing else does.
    may_be_key = read.arn->resource.starts_with(kKeyPrefix);
    read.name = may_be_key ? read.arn->resource.substr(kKeyPrefix.size()) : read.arn->resource;
    if (may_be_key && !is_key_id(read.name)) return read;
  }
  if (read.name.starts_with(kAliasPrefix))
    read.kind = KeyIdentifier::Kind::kAlias;
  else if (may_be_key && is_key_id(read.name))
    read.kind = KeyIdentifier::Kind::kKey;
  return read;
}

}  // namespace coffer::services::kms
