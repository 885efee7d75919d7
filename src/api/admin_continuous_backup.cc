// SPDX-License-Identifier: Apache-2.0
// continuous-backup-…: what `coffer backup --continuous`, the receiver, asks for again and again
// (services/kms/continuous_backup.h). Its copies of the catalog it asks for by backup-catalog.
#include "api/admin_call.h"
#include "base/encoding.h"
#include "base/ids.h"
#include "services/kms/continuous_backup.h"

namespace coffer::api {
namespace {

using services::kms::ContinuousBackup;

constexpr size_t kMostBytes = 4 << 20;  // of shipments in an answer
constexpr std::chrono::milliseconds kWait{1000}, kShortWait{20};

Result<ContinuousBackup*> continuous(const AdminCall& call) {
  if (call.installation.continuous_backup == nullptr)
    return fail(ErrorKind::kUnavailable, "there is no continuous backup here");
  return call.installation.continuous_backup;
}

std::function<Status(catalog::Transaction&)> recorded(AdminCall& call, const char* event) {
  return [&call, event](catalog::Transaction& transaction) {
    return transaction.append_trail(
        admin_event(call, event, {{"target", call.text("target")}}, nullptr, nullptr));
  };
}

}  // namespace

Result<std::string> continuous_backup_begin(AdminCall& call) {
  COFFER_TRY(backup, continuous(call));
  const std::string target = call.text("target");
  if (target.empty()) return fail(ErrorKind::kInvalidArgument, "a continuous backup has a target");
  if (!call.data.empty()) COFFER_CHECK(remove_left_bases(call.data));
  const std::string receiver = make_uuid(call.installation.random);
  backup->begin(target, receiver);
  return success_line({{"receiver", receiver}});
}

Result<std::string> continuous_backup_next(AdminCall& call) {
  COFFER_TRY(backup, continuous(call));
  if (call.request.value("leaving", false)) {
    backup->leave(call.text("receiver"));
    return success_line(Json::object());
  }
  const bool only_tell = call.request.value("only_tell", false);
  COFFER_TRY(
      next, backup->next(call.text("receiver"), {call.request.value("stored", false), call.text("failure")},
                         only_tell ? 0 : kMostBytes, call.request.value("soon", false) ? kShortWait : kWait));
  Json shipments = Json::array();
  for (const Bytes& each : next.shipments) shipments.push_back(base64(each));
  return success_line({{"shipments", std::move(shipments)}, {"base_wanted", next.base_wanted}});
}

Result<std::string> continuous_backup_stored(AdminCall& call) {
  COFFER_TRY(backup, continuous(call));
  COFFER_CHECK(backup->base_stored(call.text("receiver"), recorded(call, "StartContinuousBackup")));
  return success_line(Json::object());
}

Result<std::string> continuous_backup_end(AdminCall& call) {
  COFFER_TRY(backup, continuous(call));
  COFFER_CHECK(backup->end(recorded(call, "StopContinuousBackup")));
  return success_line(Json::object());
}

}  // namespace coffer::api
