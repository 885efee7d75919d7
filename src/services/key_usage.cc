// SPDX-License-Identifier: Apache-2.0
#include "services/key_usage.h"

#include <algorithm>
#include <functional>

#include "services/arn.h"

namespace coffer::services {
namespace {

// KeyLastUsageTrackingOperation.
constexpr std::array<std::string_view, 12> kTracked = {
    "Decrypt",
    "DeriveSharedSecret",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "ReEncrypt",
    "Sign",
    "Verify",
    "VerifyMac",
};
static_assert(std::ranges::is_sorted(kTracked));

constexpr std::string_view kKey = "key/";

}  // namespace

const KeyUsageLog::Part& KeyUsageLog::part_of(const std::string& key_id) const {
  return parts_[std::hash<std::string>()(key_id) % parts_.size()];
}

void KeyUsageLog::note(std::string_view operation, const std::vector<std::string>& key_arns,
                       const catalog::TrailEvent& event, const std::string& request_id) {
  if (!std::ranges::binary_search(kTracked, operation)) return;
  for (const std::string& text : key_arns) {
    auto arn = parse_arn(text);
    if (!arn || !arn->resource.starts_with(kKey)) continue;
    const Name name(std::move(arn->region), arn->resource.substr(kKey.size()));
    Part& part = part_of(name.second);
    const std::lock_guard lock(part.mutex);
    catalog::KeyUsage& usage = part.fresh[name];
    usage.region = name.first;
    usage.key_id = name.second;
    usage.operation = operation;
    usage.event_id = event.event_id;
    usage.request_id = request_id;
    usage.time = event.time;
  }
}

std::optional<catalog::KeyUsage> KeyUsageLog::find(const std::string& region,
                                                   const std::string& key_id) const {
  const Part& part = part_of(key_id);
  const std::lock_guard lock(part.mutex);
  for (const Uses* uses : {&part.fresh, &part.being_written})
    if (const auto found = uses->find(Name(region, key_id)); found != uses->end()) return found->second;
  return std::nullopt;
}

Status KeyUsageLog::write(catalog::Catalog& catalog) {
  for (Part& part : parts_) {
    Uses uses;
    {
      const std::lock_guard lock(part.mutex);
      part.fresh.merge(part.being_written);  // of a writing that failed; fresh ones win
      part.being_written = std::exchange(part.fresh, {});
      uses = part.being_written;
    }
    if (uses.empty()) continue;
    COFFER_CHECK(catalog.write([&](catalog::Transaction& transaction) -> Status {
      for (const auto& [name, usage] : uses) COFFER_CHECK(transaction.put_key_usage(usage));
      return {};
    }));
    const std::lock_guard lock(part.mutex);
    part.being_written.clear();
  }
  return {};
}

}  // namespace coffer::services
