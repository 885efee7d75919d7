// SPDX-License-Identifier: Apache-2.0
// domain-key-rotate and domain-key-status.
#include "api/admin_call.h"
#include "base/clock.h"
#include "services/kms/domain_key_rotation.h"

namespace coffer::api {
namespace {

using services::kms::RotationStatus;

Result<services::kms::DomainKeyRotation*> rotation_of(AdminCall& call) {
  if (call.installation.domain_key_rotation != nullptr) return call.installation.domain_key_rotation;
  return fail(ErrorKind::kUnavailable, "the installation is not prepared yet");
}

Json json_of(const RotationStatus& rotation, const keyclient::SealStatus& seal) {
  Json json = {{"oldest_version", seal.oldest_version},
               {"newest_version", seal.newest_version},
               {"state", rotation.state}};
  if (rotation.state == "none") return json;
  json["version"] = rotation.version;
  json["started"] = iso8601(rotation.started);
  if (rotation.ended) json["ended"] = iso8601(*rotation.ended);
  if (rotation.state == "rewrapping") {
    json["rewrapped"] = rotation.done;
    json["total"] = rotation.total;
  }
  json["another_follows"] = rotation.again;
  json["message"] = rotation.message;
  return json;
}

}  // namespace

Result<std::string> domain_key_status(AdminCall& call) {
  COFFER_TRY(rotation, rotation_of(call));
  COFFER_TRY(status, rotation->status());
  COFFER_TRY(seal, call.installation.keyd.seal_status());
  return success_line(json_of(status, seal));
}

Result<std::string> domain_key_rotate(AdminCall& call) {
  COFFER_TRY(rotation, rotation_of(call));
  COFFER_CHECK(rotation->begin([&](catalog::Transaction& transaction) {
    return transaction.append_trail(admin_event(call, "RotateDomainKey", Json::object(), nullptr, nullptr));
  }));
  return domain_key_status(call);
}

}  // namespace coffer::api
