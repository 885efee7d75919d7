// SPDX-License-Identifier: Apache-2.0
// Amazon Resource Names of the resources that Coffer has.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace coffer::services {

// arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE
struct Arn {
  std::string service, region, account, resource;
};
std::optional<Arn> parse_arn(std::string_view text);
std::string make_arn(std::string_view service, std::string_view region, std::string_view account,
                     std::string_view resource);

std::string key_arn(std::string_view region, std::string_view account, std::string_view key_id);
std::string alias_arn(std::string_view region, std::string_view account, std::string_view alias_name);
std::string volume_arn(std::string_view region, std::string_view account, std::string_view volume_id);
// It names no account, as at AWS: whose the snapshot is, is said beside it.
std::string snapshot_arn(std::string_view region, std::string_view snapshot_id);
std::string instance_arn(std::string_view region, std::string_view account, std::string_view instance_id);

}  // namespace coffer::services
