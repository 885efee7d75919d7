// SPDX-License-Identifier: Apache-2.0
// Reads from a running installation what its clients need: endpoint, region, the root's access key, the CA.
#pragma once
#include <string>

#include "cli/client_environment.h"

namespace coffer::cli {

// `region`: empty for the installation's default; kNotFound for one that is not installed.
Result<ClientSite> read_client_site(const std::string& data, const std::string& region);

}  // namespace coffer::cli
