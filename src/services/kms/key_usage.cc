// SPDX-License-Identifier: Apache-2.0
// GetKeyLastUsage.
#include "services/key_usage.h"

#include <algorithm>
#include <cstdlib>

#include "services/kms/key_access.h"
#include "services/kms/key_life.h"
#include "services/kms/kms_service.h"
#include "services/kms/last_use.h"

namespace coffer::services::kms {

Result<LastUse> last_use(Installation& installation, const catalog::Key& key) {
  LastUse known;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(stored, transaction.key_usage(key.region, key.id));
    COFFER_TRY(started, transaction.setting(kKeyUsageTrackingStarted));
    known.usage = std::move(stored);
    if (started) known.tracking_started.microseconds = std::atoll(started->c_str());
    return {};
  }));
  if (auto fresh = installation.key_usage->find(key.region, key.id)) known.usage = std::move(fresh);
  known.tracking_started = std::max(known.tracking_started, key.created);
  return known;
}

Status add_days_without_use(Installation& installation, Timestamp now, const catalog::Key& key,
                            policy::Context& condition) {
  COFFER_TRY(known, last_use(installation, key));
  const Timestamp since = known.usage ? known.usage->time : known.tracking_started;
  const std::chrono::microseconds passed(std::max<int64_t>(0, now.microseconds - since.microseconds));
  condition.set("kms:TrailingDaysWithoutKeyUsage", std::to_string(std::chrono::floor<Days>(passed).count()));
  return {};
}

Result<api::GetKeyLastUsageResponse> KmsService::get_key_last_usage(
    Call& call, const api::GetKeyLastUsageRequest& request) {
  COFFER_TRY(found, find_key(call, "kms:GetKeyLastUsage", request.key_id, AliasUse::kRefused));
  COFFER_CHECK(authorise_key(call, "kms:GetKeyLastUsage", found));
  COFFER_TRY(known, last_use(call.installation, found.key));
  api::GetKeyLastUsageResponse response;
  response.key_id = found.key.id;
  response.key_creation_date = found.key.created;
  response.tracking_start_date = known.tracking_started;
  response.key_last_usage.emplace();
  if (known.usage) {
    response.key_last_usage->operation = known.usage->operation;
    response.key_last_usage->timestamp = known.usage->time;
    response.key_last_usage->cloud_trail_event_id = known.usage->event_id;
    response.key_last_usage->kms_request_id = known.usage->request_id;
  }
  return response;
}

}  // namespace coffer::services::kms
