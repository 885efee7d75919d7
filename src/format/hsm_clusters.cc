// SPDX-License-Identifier: Apache-2.0
#include "format/hsm_clusters.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/ids.h"
#include "format/codec.h"
#include "format/document.h"

namespace coffer::format {
namespace {

constexpr DocumentKind kKind{"CofferHC", 2, "the list of HSM clusters (DIR/keyd/hsm-clusters)"};
constexpr std::string_view kPrefix = "cluster-";
constexpr size_t kShortestId = 19, kLongestId = 24;
constexpr size_t kLongestText = 4096;
constexpr size_t kVersionAt = 8;
constexpr uint16_t kFirstWithAccounts = 2;

bool well_formed(const HsmCluster& cluster) {
  const auto fits = [](const std::string& text) { return text.size() <= kLongestText; };
  return is_hsm_cluster_id(cluster.id) && cluster.module.starts_with('/') && fits(cluster.module) &&
         fits(cluster.label) && fits(cluster.serial) && !(cluster.label.empty() && cluster.serial.empty()) &&
         (cluster.account.empty() || is_account_id(cluster.account));
}

}  // namespace

bool is_hsm_cluster_id(std::string_view text) {
  if (!text.starts_with(kPrefix) || text.size() < kShortestId || text.size() > kLongestId) return false;
  return std::ranges::all_of(text.substr(kPrefix.size()), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7');
  });
}

bool belongs_to(const HsmCluster& cluster, std::string_view account) {
  return cluster.account.empty() || cluster.account == account;
}

Bytes encode(const HsmClusters& clusters) {
  Writer writer = begin_document(kKind);
  writer.u32(static_cast<uint32_t>(clusters.size()));
  for (const HsmCluster& cluster : clusters)
    writer.field(cluster.id)
        .field(cluster.module)
        .field(cluster.label)
        .field(cluster.serial)
        .field(cluster.trust_anchor)
        .field(cluster.account);
  return finish_document(std::move(writer));
}

Result<HsmClusters> parse_hsm_clusters(ByteView bytes) {
  COFFER_TRY(reader, open_document(bytes, kKind));
  const bool has_accounts = Reader(bytes.subspan(kVersionAt)).u16() >= kFirstWithAccounts;
  const uint32_t count = reader.u32();
  if (count > kMostHsmClusters) return damaged(kKind);
  HsmClusters clusters;
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    HsmCluster cluster;
    cluster.id = reader.text_field();
    cluster.module = reader.text_field();
    cluster.label = reader.text_field();
    cluster.serial = reader.text_field();
    cluster.trust_anchor = reader.bytes_field();
    if (has_accounts) cluster.account = reader.text_field();
    if (!reader.ok() || !well_formed(cluster) || find_cluster(clusters, cluster.id) != nullptr)
      return damaged(kKind);
    clusters.push_back(std::move(cluster));
  }
  if (!reader.at_end()) return damaged(kKind);
  return clusters;
}

const HsmCluster* find_cluster(const HsmClusters& clusters, std::string_view id) {
  const auto found = std::ranges::find(clusters, id, &HsmCluster::id);
  return found == clusters.end() ? nullptr : &*found;
}

Bytes encode(const HsmLocation& location) {
  return Writer().field(location.module).field(location.label).field(location.serial).take();
}

Result<HsmLocation> parse_hsm_location(ByteView bytes) {
  Reader reader(bytes);
  HsmLocation location;
  location.module = reader.text_field();
  location.label = reader.text_field();
  location.serial = reader.text_field();
  if (!reader.at_end() || !location.module.starts_with('/') ||
      (location.label.empty() && location.serial.empty()))
    return fail(ErrorKind::kInvalidArgument, "no place of a token");
  return location;
}

std::optional<Bytes> certificate_in_pem(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----", kEnd = "-----END CERTIFICATE-----";
  const size_t begin = text.find(kBegin);
  if (begin == std::string_view::npos) return std::nullopt;
  const size_t end = text.find(kEnd, begin);
  if (end == std::string_view::npos || text.find(kBegin, end) != std::string_view::npos) return std::nullopt;
  std::string body(text.substr(begin + kBegin.size(), end - begin - kBegin.size()));
  std::erase_if(body, [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; });
  auto der = from_base64(body);
  if (!der || der->empty()) return std::nullopt;
  return der;
}

}  // namespace coffer::format
