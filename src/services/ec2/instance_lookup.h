// SPDX-License-Identifier: Apache-2.0
// Instances, which are hosts here, by their ids, and the errors of those that there are not.
#pragma once
#include "services/call.h"

namespace coffer::services::ec2 {

// InvalidInstanceID.Malformed for what is no instance id.
Status check_instance_id(const std::string& instance_id);
tl::unexpected<Error> instance_not_found(const std::string& instance_id);
// Either of these unless it is this host.
Status check_instance(Call& call, const std::string& instance_id);
// The host of that id, if there is one.
Result<std::optional<catalog::Instance>> host_named(Installation& installation,
                                                    const std::string& instance_id);

}  // namespace coffer::services::ec2
