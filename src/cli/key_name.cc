// SPDX-License-Identifier: Apache-2.0
#include "cli/key_name.h"

#include <sstream>
#include <vector>

#include "base/ids.h"
#include "cli/data_folder.h"

namespace coffer::cli {
namespace {

constexpr std::string_view kResource = "key/", kAlias = "alias/";

// "key/UUID" of "arn:aws:kms:us-west-2:123456789012:key/UUID"; empty for what is no ARN of KMS's.
std::string resource_of(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ':');) parts.push_back(word);
  const bool arn = parts.size() == 6 && parts[0] == "arn" && parts[2] == "kms" && is_region_name(parts[3]) &&
                   is_account_id(parts[4]);
  return arn ? parts[5] : std::string();
}

bool is_key_arn(const std::string& text) {
  const std::string resource = resource_of(text);
  return resource.starts_with(kResource) && is_key_id(resource.substr(kResource.size()));
}

bool is_alias(const std::string& text) {
  return text.starts_with(kAlias) && text.size() > kAlias.size();
}

}  // namespace

Status check_key_arn(const std::string& text) {
  if (is_key_arn(text)) return {};
  return fail(ErrorKind::kInvalidArgument,
              "'" + text + "' is no ARN of a KMS key (for example: " +
                  "arn:aws:kms:us-west-2:123456789012:key/01234567-89ab-4cde-8f01-23456789abcd)");
}

Status check_key_name(const std::string& text) {
  if (is_key_id(text) || is_key_arn(text)) return {};
  return fail(ErrorKind::kInvalidArgument, "'" + text +
                                               "' is neither the id nor the ARN of a KMS key (for example: " +
                                               "01234567-89ab-4cde-8f01-23456789abcd)");
}

Status check_key_or_alias(const std::string& text) {
  if (is_alias(text) || is_alias(resource_of(text))) return {};
  if (check_key_name(text)) return {};
  return fail(ErrorKind::kInvalidArgument,
              "'" + text + "' is neither the id, the ARN nor an alias of a KMS key (for example: " +
                  "01234567-89ab-4cde-8f01-23456789abcd, alias/name)");
}

}  // namespace coffer::cli
