// SPDX-License-Identifier: Apache-2.0
#include "services/arn.h"

#include <fmt/format.h>

namespace coffer::services {

std::optional<Arn> parse_arn(std::string_view text) {
  std::string_view parts[6];
  for (int i = 0; i < 5; ++i) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    parts[i] = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  parts[5] = text;
  if (parts[0] != "arn" || parts[1] != "aws" || parts[2].empty() || parts[5].empty()) return std::nullopt;
  return Arn{std::string(parts[2]), std::string(parts[3]), std::string(parts[4]), std::string(parts[5])};
}

std::string make_arn(std::string_view service, std::string_view region, std::string_view account,
                     std::string_view resource) {
  return fmt::format("arn:aws:{}:{}:{}:{}", service, region, account, resource);
}

// Made for every call that names a key.
std::string key_arn(std::string_view region, std::string_view account, std::string_view key_id) {
  std::string arn;
  arn.reserve(128);
  arn.append("arn:aws:kms:").append(region).append(":").append(account).append(":key/").append(key_id);
  return arn;
}
std::string alias_arn(std::string_view region, std::string_view account, std::string_view alias_name) {
  return make_arn("kms", region, account, alias_name);
}
std::string volume_arn(std::string_view region, std::string_view account, std::string_view volume_id) {
  return make_arn("ec2", region, account, fmt::format("volume/{}", volume_id));
}
std::string snapshot_arn(std::string_view region, std::string_view snapshot_id) {
  return make_arn("ec2", region, "", std::string("snapshot/").append(snapshot_id));
}

std::string instance_arn(std::string_view region, std::string_view account, std::string_view instance_id) {
  return make_arn("ec2", region, account, fmt::format("instance/{}", instance_id));
}

}  // namespace coffer::services
