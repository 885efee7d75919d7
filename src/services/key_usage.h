// SPDX-License-Identifier: Apache-2.0
// When each KMS key was last used for cryptography (GetKeyLastUsage). A use is noted in memory, and written
// to the catalog now and then by the key worker: a process that dies loses what it had not written, some
// minutes at most. Thread-safe. Source: KMS API Reference, GetKeyLastUsage.
#pragma once
#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/catalog.h"

namespace coffer::services {

class KeyUsageLog {
 public:
  // A call named `operation` succeeded, with the keys of these ARNs. Others than cryptographic operations of
  // KMS are not noted.
  void note(std::string_view operation, const std::vector<std::string>& key_arns,
            const catalog::TrailEvent& event, const std::string& request_id);
  // What is not in the catalog yet.
  std::optional<catalog::KeyUsage> find(const std::string& region, const std::string& key_id) const;
  Status write(catalog::Catalog& catalog);

 private:
  using Name = std::pair<std::string, std::string>;  // region, key id
  using Uses = std::map<Name, catalog::KeyUsage>;
  // Several, so that callers do not wait for each other.
  struct Part {
    mutable std::mutex mutex;
    Uses fresh, being_written;
  };
  const Part& part_of(const std::string& key_id) const;
  Part& part_of(const std::string& key_id) { return const_cast<Part&>(std::as_const(*this).part_of(key_id)); }

  std::array<Part, 16> parts_;
};

// The setting of the catalog that says since when uses have been noted.
inline constexpr const char* kKeyUsageTrackingStarted = "key_usage_tracking_started";

}  // namespace coffer::services
