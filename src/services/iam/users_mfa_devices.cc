// SPDX-License-Identifier: Apache-2.0
// EnableMFADevice, DeactivateMFADevice, ResyncMFADevice, GetMFADevice, ListMFADevices: whose a device is.
// Root users have none here: what they sign with is long-lived, which MFA does not protect (IAM User Guide,
// "Secure API access with MFA").
#include <fmt/format.h>

#include "services/iam/mfa_devices.h"
#include "services/iam/paging.h"
#include "services/iam_names.h"
#include "services/mfa_codes.h"

namespace coffer::services::iam {
namespace {

using catalog::IamEntity;
using catalog::MfaDevice;

constexpr size_t kMostDevices = 8;  // of a user

tl::unexpected<Error> wrong_codes() {
  return fail(ErrorKind::kPermissionDenied, "Authentication code for device is not valid.",
              "InvalidAuthenticationCode");
}

Result<MfaDevice> require_users_device(catalog::Transaction& transaction, const IamEntity& user,
                                       const std::string& serial_number) {
  COFFER_TRY(device, transaction.mfa_device(serial_number));
  if (!device || device->user_id != user.id) return no_such_entity("MFA Device invalid for user.");
  return std::move(*device);
}

Status check_assignable(catalog::Transaction& transaction, const IamEntity& user, const MfaDevice& device) {
  if (!device.user_id.empty())
    return fail(ErrorKind::kConflict, fmt::format("MFADevice {} is already in use.", device.serial_number),
                "EntityAlreadyExists");
  COFFER_TRY(present, transaction.mfa_devices_of_user(user.id));
  if (present.size() >= kMostDevices)
    return limit_exceeded(fmt::format("Cannot exceed quota for MFADevicesPerUser: {}", kMostDevices));
  return {};
}

// By its serial number, whosever it is.
template <class Find>
Result<MfaDevice> read_device(Call& call, Find find) {
  Result<MfaDevice> found = fail(ErrorKind::kInternal, "nothing was read");
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    found = find(transaction);
    return {};
  }));
  return found;
}

// Stores what was heard of a device since it was `before`, unless another call has heard it meanwhile.
Status store_heard(catalog::Transaction& transaction, const MfaDevice& current, const MfaDevice& before,
                   MfaDevice heard) {
  if (current.last_step != before.last_step) return wrong_codes();
  heard.tags.clear();
  return transaction.update_mfa_device(heard);
}

}  // namespace

Result<api::EnableMFADeviceResponse> IamService::enable_mfa_device(
    Call& call, const api::EnableMFADeviceRequest& request) {
  COFFER_TRY(user, find_entity(call, kUser, request.user_name));
  const std::string& serial_number = request.serial_number;
  COFFER_TRY(found, read_device(call, [&](catalog::Transaction& transaction) -> Result<MfaDevice> {
               COFFER_TRY(device, require_device(transaction, call.account, serial_number));
               COFFER_CHECK(check_assignable(transaction, user, device));
               return device;
             }));
  COFFER_TRY(heard, heard_both(call.installation, found, request.authentication_code1,
                               request.authentication_code2));
  if (!heard) return wrong_codes();
  heard->user_id = user.id;
  heard->enabled = call.time;
  return change<api::EnableMFADeviceResponse>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(current, require_device(transaction, call.account, serial_number));
    COFFER_CHECK(check_assignable(transaction, user, current));
    COFFER_CHECK(require_entity(transaction, call.account, kUser, user.name));
    return store_heard(transaction, current, found, *heard);
  });
}

Result<api::ResyncMFADeviceResponse> IamService::resync_mfa_device(
    Call& call, const api::ResyncMFADeviceRequest& request) {
  COFFER_TRY(user, find_entity(call, kUser, request.user_name));
  const auto find = [&](catalog::Transaction& transaction) {
    return require_users_device(transaction, user, request.serial_number);
  };
  COFFER_TRY(found, read_device(call, find));
  COFFER_TRY(heard, heard_both(call.installation, found, request.authentication_code1,
                               request.authentication_code2));
  if (!heard) return wrong_codes();
  return change<api::ResyncMFADeviceResponse>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(current, find(transaction));
    return store_heard(transaction, current, found, *heard);
  });
}

// What it was heard to say stays known: no code of it is accepted again, whoever has it next.
Result<api::DeactivateMFADeviceResponse> IamService::deactivate_mfa_device(
    Call& call, const api::DeactivateMFADeviceRequest& request) {
  COFFER_TRY(user, find_entity(call, kUser, request.user_name));
  return change<api::DeactivateMFADeviceResponse>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(device, require_users_device(transaction, user, request.serial_number));
    device.user_id.clear();
    device.enabled.reset();
    return transaction.update_mfa_device(device);
  });
}

Result<api::GetMFADeviceResponse> IamService::get_mfa_device(Call& call,
                                                             const api::GetMFADeviceRequest& request) {
  COFFER_TRY(user, find_user_or_caller(call, request.user_name));
  if (!user) return no_such_entity("MFA Device invalid for user.");
  COFFER_TRY(device, read_device(call, [&](catalog::Transaction& transaction) {
               return require_users_device(transaction, *user, request.serial_number);
             }));
  return api::GetMFADeviceResponse{user->name, device.serial_number, device.enabled};
}

Result<api::ListMFADevicesResponse> IamService::list_mfa_devices(Call& call,
                                                                 const api::ListMFADevicesRequest& request) {
  COFFER_TRY(user, find_user_or_caller(call, request.user_name));
  COFFER_TRY(page, page_of("ListMFADevices", request.marker, request.max_items));
  std::vector<MfaDevice> devices;
  if (user)
    COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
      COFFER_TRY(found, transaction.mfa_devices_of_user(user->id));
      devices = std::move(found);
      return {};
    }));
  api::ListMFADevicesResponse response;
  take_page(devices, page, response, [](const MfaDevice& device) { return device.serial_number; });
  response.mfa_devices.emplace();
  for (const auto& device : devices)
    response.mfa_devices->push_back(
        {user->name, device.serial_number, device.enabled.value_or(device.created)});
  return response;
}

}  // namespace coffer::services::iam
