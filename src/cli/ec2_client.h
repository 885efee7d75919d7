// SPDX-License-Identifier: Apache-2.0
// EC2's operations for the installation's owner, over the admin socket.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/admin_client.h"

namespace coffer::cli {

using Parameters = std::vector<std::pair<std::string, std::string>>;  // as in EC2's forms: "SnapshotId.1"

// The operation's answer, its members named in lower camel case. `region` empty: the installation's first.
Result<Document> call_ec2(const Served& served, const std::string& region, std::string_view action,
                          const Parameters& parameters);

// Where a volume or a snapshot is.
Result<std::string> region_of(const Served& served, const std::string& id);

// Calls it again while apid is restarting.
Result<Document> call_ec2_patiently(const Served& served, const std::string& region, std::string_view action,
                                    const Parameters& parameters);

}  // namespace coffer::cli
