// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/instance_lookup.h"

#include <fmt/format.h>

#include "base/ids.h"

namespace coffer::services::ec2 {

Status check_instance_id(const std::string& instance_id) {
  if (is_resource_id(instance_id, "i")) return {};
  return fail(ErrorKind::kInvalidArgument,
              fmt::format("Invalid id: \"{}\" (expecting \"i-...\")", instance_id),
              "InvalidInstanceID.Malformed");
}

tl::unexpected<Error> instance_not_found(const std::string& instance_id) {
  return fail(ErrorKind::kNotFound, fmt::format("The instance ID '{}' does not exist", instance_id),
              "InvalidInstanceID.NotFound");
}

Status check_instance(Call& call, const std::string& instance_id) {
  COFFER_CHECK(check_instance_id(instance_id));
  if (instance_id == call.installation.host_id) return {};
  return instance_not_found(instance_id);
}

Result<std::optional<catalog::Instance>> host_named(Installation& installation,
                                                    const std::string& instance_id) {
  std::optional<catalog::Instance> host;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(hosts, transaction.instances());
    for (auto& each : hosts)
      if (each.id == instance_id) host = std::move(each);
    return {};
  }));
  return host;
}

}  // namespace coffer::services::ec2
