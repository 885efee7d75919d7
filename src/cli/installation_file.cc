// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "base/ids.h"
#include "cli/data_folder.h"
#include "cli/document.h"

namespace coffer::cli {
namespace {

Status check_regions(const std::vector<std::string>& regions) {
  for (const std::string& region : regions)
    if (!is_region_name(region))
      return fail(ErrorKind::kInvalidArgument, "'" + region + "' is no region name (for example: us-west-2)");
  return {};
}

void add_regions(std::vector<std::string>& regions, const std::vector<std::string>& more) {
  for (const std::string& region : more)
    if (std::find(regions.begin(), regions.end(), region) == regions.end()) regions.push_back(region);
}

}  // namespace

// Lower-case words joined by dashes, the last a number: us-west-2, us-gov-east-1, eu-isoe-west-1.
bool is_region_name(std::string_view text) {
  if (text.size() > 32) return false;
  int words = 0;
  while (true) {
    const size_t dash = text.find('-');
    const std::string_view word = text.substr(0, dash);
    const bool last = dash == std::string_view::npos;
    const auto fits = [&](char c) { return last ? c >= '0' && c <= '9' : c >= 'a' && c <= 'z'; };
    if (word.empty() || !std::all_of(word.begin(), word.end(), fits)) return false;
    ++words;
    if (last) return words >= 3 && word.size() <= 2;
    text.remove_prefix(dash + 1);
  }
}

std::string to_json(const InstallationFile& installation) {
  Document document;
  document.set("format_version", int64_t{InstallationFile::kFormatVersion});
  document.set("installation_id", installation.installation_id);
  document.set("account", installation.account);
  document.set("regions", installation.regions);
  document.set("host_id", installation.host_id);
  document.set("development", installation.development);
  if (!installation.seal_file.empty()) document.set("seal_file", installation.seal_file);
  document.set("created", installation.created);
  document.set("initialised", installation.initialised);
  return document.pretty();
}

Result<InstallationFile> parse_installation(std::string_view text) {
  COFFER_TRY(document, Document::parse(text));
  const int64_t version = document.number("format_version");
  if (version > InstallationFile::kFormatVersion)
    return fail(ErrorKind::kTooNew, "this data folder has format version " + std::to_string(version) +
                                        "; this release of Coffer knows versions up to " +
                                        std::to_string(InstallationFile::kFormatVersion) +
                                        ". Use the release that wrote it, or a later one");
  InstallationFile installation;
  installation.installation_id = document.text("installation_id");
  installation.account = document.text("account");
  installation.regions = document.texts("regions");
  installation.host_id = document.text("host_id");
  installation.development = document.flag("development");
  installation.seal_file = document.text("seal_file");
  installation.created = document.text("created");
  installation.initialised = document.flag("initialised");
  if (version < 1 || !is_uuid(installation.installation_id) || !is_account_id(installation.account) ||
      !is_resource_id(installation.host_id, "i") || installation.regions.empty() ||
      !check_regions(installation.regions))
    return fail(ErrorKind::kCorrupt, "installation.json is damaged");
  return installation;
}

Result<InstallationFile> new_installation(const InstallationWishes& wishes, Clock& clock, Random& random) {
  COFFER_CHECK(check_regions(wishes.regions));
  InstallationFile installation;
  installation.account = wishes.account.empty() ? "123456789012" : wishes.account;
  if (!is_account_id(installation.account))
    return fail(ErrorKind::kInvalidArgument, "an account is twelve digits, '" + wishes.account + "' is not");
  add_regions(installation.regions, wishes.regions);
  if (installation.regions.empty()) installation.regions = {"us-west-2", "us-east-1"};
  installation.installation_id = make_uuid(random);
  installation.host_id = make_resource_id(random, "i");
  installation.development = wishes.development;
  installation.seal_file = wishes.seal_file;
  installation.created = iso8601(clock.now());
  return installation;
}

Result<InstallationFile> with_wishes(InstallationFile installation, const InstallationWishes& wishes) {
  COFFER_CHECK(check_regions(wishes.regions));
  if (!wishes.account.empty() && wishes.account != installation.account)
    return fail(ErrorKind::kConflict, "this installation belongs to account " + installation.account +
                                          "; --account cannot change that (see `coffer account create`)");
  if (wishes.development && !installation.development)
    return fail(ErrorKind::kConflict,
                "--development is fixed when a data folder is initialised, and this one is a production "
                "installation; use another --data");
  add_regions(installation.regions, wishes.regions);
  if (!wishes.seal_file.empty()) installation.seal_file = wishes.seal_file;
  return installation;
}

}  // namespace coffer::cli
