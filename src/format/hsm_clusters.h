// SPDX-License-Identifier: Apache-2.0
// DIR/keyd/hsm-clusters: the PKCS#11 tokens that an operator lets KMS use as if they were AWS CloudHSM
// clusters (docs/format/hsm-clusters.md). It lies where only who may open DIR/keyd can write, and never
// passes through apid: a module is a program that is run. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace coffer::format {

inline constexpr std::string_view kHsmClustersName = "hsm-clusters";
inline constexpr size_t kMostHsmClusters = 64;

struct HsmCluster {
  std::string id;            // "cluster-…", as AWS CloudHSM names one
  std::string module;        // the vendor's library; absolute
  std::string label;         // of the token; empty: told by its serial number alone
  std::string serial;        // of the token; empty: told by its label alone
  Bytes trust_anchor;        // a certificate, DER; empty: none is asked for
  std::string account = {};  // whose key stores may use it; empty: any account's
  bool operator==(const HsmCluster&) const = default;
};
using HsmClusters = std::vector<HsmCluster>;

// May the account's key stores use it?
bool belongs_to(const HsmCluster& cluster, std::string_view account);

// "cluster-" and 11 to 16 lower-case letters and digits (KMS API, CloudHsmClusterIdType: 19 to 24
// characters).
bool is_hsm_cluster_id(std::string_view text);

Bytes encode(const HsmClusters& clusters);
// kCorrupt for anything else, kTooNew for a version of a later release.
Result<HsmClusters> parse_hsm_clusters(ByteView bytes);
// Null without such a cluster.
const HsmCluster* find_cluster(const HsmClusters& clusters, std::string_view id);

// Where a token is: what coffer-sealer needs of a cluster.
struct HsmLocation {
  std::string module, label, serial;
};
Bytes encode(const HsmLocation& location);
// kInvalidArgument for anything else, and for one that names no token.
Result<HsmLocation> parse_hsm_location(ByteView bytes);

// The one certificate in a PEM text (RFC 7468), as DER; nothing for another number of them.
std::optional<Bytes> certificate_in_pem(std::string_view text);

}  // namespace coffer::format
