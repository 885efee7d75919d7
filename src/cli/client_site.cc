// SPDX-License-Identifier: Apache-2.0
#include "cli/client_site.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/disk.h"
#include "cli/admin_client.h"
#include "cli/data_folder.h"
#include "cli/run_folder.h"

namespace coffer::cli {

Result<ClientSite> read_client_site(const std::string& data, const std::string& region) {
  COFFER_TRY(served, find_served(data));
  COFFER_TRY(installation, read_installation(served.folder));
  ClientSite site;
  site.endpoint = read_note(served.run_folder, "endpoint");
  if (site.endpoint.empty()) return fail(ErrorKind::kUnavailable, "the installation is only just starting");
  const auto& regions = installation.regions;
  site.region = region.empty() ? regions.front() : region;
  if (std::find(regions.begin(), regions.end(), site.region) == regions.end())
    return fail(ErrorKind::kNotFound,
                fmt::format("region {} is not installed here; there is {} (add one with "
                            "`coffer up --region {}`)",
                            site.region, fmt::join(regions, ", "), site.region));
  auto text = read_file(system_disk(), served.folder + "/root-credentials", 1 << 16);
  if (!text || text->empty())
    return fail(ErrorKind::kUnavailable, "the installation has no root credentials yet" +
                                             (text ? std::string() : " (" + text.error().message + ")"));
  COFFER_TRY(credentials, parse_credentials(as_text(*text)));
  site.credentials = std::move(credentials);
  site.ca_file = served.folder + "/ca.pem";
  return site;
}

}  // namespace coffer::cli
