// SPDX-License-Identifier: Apache-2.0
// ScheduleKeyDeletion, CancelKeyDeletion. The key worker deletes when the date has come.
#include <fmt/format.h>

#include "services/kms/dependents.h"
#include "services/kms/key_access.h"
#include "services/kms/key_changes.h"
#include "services/kms/key_life.h"
#include "services/kms/key_states.h"
#include "services/kms/kms_service.h"
#include "services/kms/last_use.h"
#include "services/kms/managed_keys.h"

namespace coffer::services::kms {
namespace {

constexpr int32_t kShortestWindow = 7, kLongestWindow = 30;  // days

// `window`: of the deletion that is scheduled; none where it is cancelled.
Result<FoundKey> deletable_key(Call& call, const std::string& key_identifier,
                               std::optional<int32_t> window = {}) {
  const std::string action = "kms:" + call.operation;
  COFFER_TRY(found, find_key(call, action, key_identifier, AliasUse::kRefused));
  KeyRequest said;
  if (window) {
    said.condition.set("kms:ScheduleKeyDeletionPendingWindowInDays", std::to_string(*window));
    COFFER_CHECK(add_days_without_use(call.installation, call.time, found.key, said.condition));
  }
  COFFER_CHECK(authorise_key(call, action, found, said));
  COFFER_CHECK(refuse_managed(call, action, found));
  COFFER_CHECK(check_key_state(found, call.operation));
  return found;
}

// Recorded with the call, for whoever reads the trail before the date. That it cannot be told now keeps
// nobody from scheduling.
std::string warning_about(Installation& installation, const catalog::Key& key) {
  const auto found = find_dependents(installation, key.id);
  if (!found) return R"({"dependents":"not known: the volume daemon did not answer"})";
  const std::string counts = fmt::format(R"({{"volumes":{},"snapshots":{},"layers":{}}})", found->volumes,
                                         found->snapshots, found->layers);
  if (found->all.empty()) return fmt::format(R"({{"dependents":{}}})", counts);
  return fmt::format(
      R"({{"dependents":{},"warning":"When the key is deleted, what needs it can never be read again."}})",
      counts);
}

// A key whose imported material is not there waits for it again.
Result<std::string> state_after_cancelling(catalog::Transaction& transaction, const catalog::Key& key) {
  COFFER_TRY(material, transaction.backing_key(key.region, key.id, key.current_version));
  const bool usable = key.origin != "EXTERNAL" || (material && !material->token.empty());
  return usable ? key_state::kDisabled : key_state::kPendingImport;
}

}  // namespace

Result<api::ScheduleKeyDeletionResponse> KmsService::schedule_key_deletion(
    Call& call, const api::ScheduleKeyDeletionRequest& request) {
  const int32_t window = request.pending_window_in_days.value_or(kLongestWindow);
  COFFER_TRY(found, deletable_key(call, request.key_id, window));
  if (window < kShortestWindow || window > kLongestWindow)
    return fail(ErrorKind::kInvalidArgument, "PendingWindowInDays must be between 7 and 30 (inclusive).",
                "ValidationException");
  call.additional_event_data = warning_about(call.installation, found.key);
  return call.commit<api::ScheduleKeyDeletionResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::ScheduleKeyDeletionResponse> {
        COFFER_TRY(key, key_to_change(call, transaction, found));
        COFFER_TRY(with_replicas, has_replicas(transaction, key));
        schedule_deletion(key, with_replicas, Days(window), call.time);
        COFFER_CHECK(transaction.update_key(key));
        api::ScheduleKeyDeletionResponse response;
        response.key_id = found.arn;
        response.deletion_date = key.deletion_date;
        response.key_state = key.state;
        response.pending_window_in_days = window;
        return response;
      });
}

Result<api::CancelKeyDeletionResponse> KmsService::cancel_key_deletion(
    Call& call, const api::CancelKeyDeletionRequest& request) {
  COFFER_TRY(found, deletable_key(call, request.key_id));
  return call.commit<api::CancelKeyDeletionResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CancelKeyDeletionResponse> {
        COFFER_TRY(key, key_to_change(call, transaction, found));
        COFFER_TRY(state, state_after_cancelling(transaction, key));
        key.state = state;
        key.deletion_date.reset();
        key.deletion_window_days = 0;
        COFFER_CHECK(transaction.update_key(key));
        api::CancelKeyDeletionResponse response;
        response.key_id = found.arn;
        return response;
      });
}

}  // namespace coffer::services::kms
