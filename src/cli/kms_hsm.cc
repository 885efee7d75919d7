// SPDX-License-Identifier: Apache-2.0
// `coffer kms hsm add`, `list` and `remove`: the tokens that custom key stores may use. The list lies in
// DIR/keyd and is changed here, by who may write there, never through apid: a module is a program that runs.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/disk.h"
#include "base/ids.h"
#include "base/random.h"
#include "cli/commands.h"
#include "cli/data_folder.h"
#include "cli/document.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "format/hsm_clusters.h"

namespace coffer::cli {
namespace {

constexpr uint64_t kLargestFile = 1 << 20;
constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";

Result<std::string> list_path(const Common& common) {
  COFFER_TRY(folder, find_data_folder(common.data));
  COFFER_TRY(present, system_disk().exists(folder + "/keyd"));
  if (!present)
    return fail(ErrorKind::kNotFound,
                folder + "/keyd is not there: start the installation once, with `coffer up`");
  return folder + "/keyd/" + std::string(format::kHsmClustersName);
}

Result<format::HsmClusters> read_list(const std::string& path) {
  COFFER_TRY(present, system_disk().exists(path));
  if (!present) return format::HsmClusters{};
  COFFER_TRY(bytes, read_file(system_disk(), path, kLargestFile));
  return format::parse_hsm_clusters(bytes);
}

std::string make_cluster_id(Random& random) {
  Bytes bytes(11);
  random.fill(bytes);
  std::string id = "cluster-";
  for (const uint8_t byte : bytes) id += kBase32[byte % kBase32.size()];
  return id;
}

Result<Bytes> read_anchor(const std::string& path) {
  if (path.empty()) return Bytes{};
  COFFER_TRY(text, read_file(system_disk(), path, kLargestFile));
  auto der = format::certificate_in_pem(as_text(text));
  if (!der) return fail(ErrorKind::kInvalidArgument, path + " is not one certificate in PEM");
  return std::move(*der);
}

Result<format::HsmCluster> new_cluster(const HsmOptions& options) {
  if (options.module.empty() || options.module.front() != '/' || ::access(options.module.c_str(), R_OK) != 0)
    return fail(ErrorKind::kInvalidArgument,
                "--module is the absolute path of a PKCS#11 library that can be read, '" + options.module +
                    "' is not");
  if (options.token.empty() && options.serial.empty())
    return fail(ErrorKind::kInvalidArgument, "--token LABEL or --serial NUMBER says which token it is");
  if (!options.account.empty() && !is_account_id(options.account))
    return fail(ErrorKind::kInvalidArgument,
                "--account is of twelve digits, '" + options.account + "' is not");
  COFFER_TRY(anchor, read_anchor(options.trust_anchor));
  const std::string id = options.cluster_id.empty() ? make_cluster_id(system_random()) : options.cluster_id;
  if (!format::is_hsm_cluster_id(id))
    return fail(ErrorKind::kInvalidArgument,
                "'" + id + "' is no cluster id: cluster- and 11 to 16 letters or digits from 2 to 7");
  return format::HsmCluster{
      id, options.module, options.token, options.serial, std::move(anchor), options.account};
}

Result<format::HsmCluster> add(const Common& common, const HsmOptions& options) {
  COFFER_TRY(path, list_path(common));
  COFFER_TRY(clusters, read_list(path));
  COFFER_TRY(cluster, new_cluster(options));
  if (format::find_cluster(clusters, cluster.id) != nullptr)
    return fail(ErrorKind::kConflict, "there is a cluster " + cluster.id + " already");
  if (clusters.size() >= format::kMostHsmClusters)
    return fail(ErrorKind::kLimitExceeded, fmt::format("more than {} clusters", format::kMostHsmClusters));
  clusters.push_back(cluster);
  COFFER_CHECK(replace_file(system_disk(), path, format::encode(clusters)));
  return cluster;
}

Status remove(const Common& common, const std::string& cluster_id) {
  COFFER_TRY(path, list_path(common));
  COFFER_TRY(clusters, read_list(path));
  if (std::erase_if(clusters, [&](const auto& cluster) { return cluster.id == cluster_id; }) == 0)
    return fail(ErrorKind::kNotFound, "there is no cluster " + cluster_id);
  return replace_file(system_disk(), path, format::encode(clusters));
}

Document described(const format::HsmCluster& cluster) {
  Document document;
  document.set("cluster_id", cluster.id);
  document.set("module", cluster.module);
  document.set("token", cluster.label);
  document.set("serial", cluster.serial);
  document.set("account", cluster.account);
  document.set("trust_anchor", !cluster.trust_anchor.empty());
  return document;
}

}  // namespace

int kms_hsm_add(const Common& common, const HsmOptions& options) {
  const auto added = add(common, options);
  if (!added) return complain_about(added.error());
  print(common.json ? described(*added).pretty() : added->id + "\n");
  return kOk;
}

int kms_hsm_remove(const Common& common, const std::string& cluster_id) {
  if (const Status removed = remove(common, cluster_id); !removed) return complain_about(removed.error());
  return kOk;
}

int kms_hsm_list(const Common& common) {
  const auto path = list_path(common);
  if (!path) return complain_about(path.error());
  const auto clusters = read_list(*path);
  if (!clusters) return complain_about(clusters.error());
  if (common.json) {
    Document list = Document::array();
    for (const auto& cluster : *clusters) list.append(described(cluster));
    print(list.pretty());
    return kOk;
  }
  std::vector<std::vector<std::string>> rows = {{"CLUSTER", "ACCOUNT", "TOKEN", "SERIAL", "MODULE", ""}};
  for (const auto& cluster : *clusters)
    rows.push_back({cluster.id, cluster.account.empty() ? "any" : cluster.account, cluster.label,
                    cluster.serial, cluster.module, cluster.trust_anchor.empty() ? "" : "trust anchor"});
  print(table(rows));
  return kOk;
}

}  // namespace coffer::cli
