// SPDX-License-Identifier: Apache-2.0
// CreateVirtualMFADevice, DeleteVirtualMFADevice, ListVirtualMFADevices.
#include "services/iam/mfa_devices.h"

#include <fmt/format.h>

#include "services/iam/paging.h"
#include "services/iam/qr_code.h"
#include "services/iam_names.h"

namespace coffer::services::iam {
namespace {

using catalog::IamEntity;
using catalog::MfaDevice;

constexpr int32_t kMostDevices = 5000;  // of an account: as many as users

tl::unexpected<Error> no_such_device(const std::string& serial_number) {
  return no_such_entity(fmt::format("VirtualMFADevice with serial number {} does not exist.", serial_number));
}

// What authenticator apps read: the account by its alias, if it has one (IAM API Reference,
// VirtualMFADevice).
Result<std::string> provisioning_uri(catalog::Transaction& transaction, const Call& call,
                                     const std::string& name, std::string_view seed) {
  COFFER_TRY(alias, transaction.account_alias(call.account));
  return fmt::format("otpauth://totp/{}@{}?secret={}", name, alias.value_or(call.account), seed);
}

Status insert(catalog::Transaction& transaction, const MfaDevice& device) {
  COFFER_TRY(present, transaction.count_iam(device.account));
  if (present.mfa_devices >= kMostDevices)
    return limit_exceeded(
        fmt::format("Cannot exceed quota for VirtualMFADevicesPerAccount: {}", kMostDevices));
  auto inserted = transaction.insert_mfa_device(device);
  if (!inserted && inserted.error().kind == ErrorKind::kConflict)
    return fail(ErrorKind::kConflict, "MFADevice entity at the same path and name already exists.",
                "EntityAlreadyExists");
  return inserted;
}

Result<api::VirtualMFADevice> api_device(catalog::Transaction& transaction, const MfaDevice& device) {
  api::VirtualMFADevice shown;
  shown.serial_number = device.serial_number;
  if (device.user_id.empty()) return shown;
  shown.enable_date = device.enabled;
  COFFER_TRY(user, transaction.iam_entity(device.user_id));
  if (user) shown.user = api_user(*user);
  return shown;
}

}  // namespace

Result<MfaDevice> find_device(Call& call, const std::string& serial_number, policy::Context context) {
  std::optional<MfaDevice> found;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.mfa_device(serial_number));
    if (row && row->account == call.account) found = std::move(row);
    return {};
  }));
  if (found) add_resource_tags(found->tags, context);
  COFFER_CHECK(call.authorise(
      {.action = "iam:" + call.operation, .resource = serial_number, .context = std::move(context)}));
  if (!found) return no_such_device(serial_number);
  return std::move(*found);
}

Result<MfaDevice> require_device(catalog::Transaction& transaction, const std::string& account,
                                 const std::string& serial_number) {
  COFFER_TRY(device, transaction.mfa_device(serial_number));
  if (!device || device->account != account) return no_such_device(serial_number);
  return std::move(*device);
}

Result<api::CreateVirtualMFADeviceResponse> IamService::create_virtual_mfa_device(
    Call& call, const api::CreateVirtualMFADeviceRequest& request) {
  MfaDevice device;
  device.serial_number =
      iam_arn(call.account, "mfa", request.path.value_or("/"), request.virtual_mfa_device_name);
  device.account = call.account;
  device.created = call.time;
  COFFER_CHECK(authorise_creation(call,
                                  {.action = "iam:CreateVirtualMFADevice", .resource = device.serial_number},
                                  request.tags, "iam:TagMFADevice"));
  COFFER_TRY(tags, checked_tags(request.tags));
  device.tags = std::move(tags);
  COFFER_TRY(seed, call.installation.keyd.create_mfa_seed(device.serial_number));
  device.wrapped_secret = std::move(seed.wrapped);
  return call.commit<api::CreateVirtualMFADeviceResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CreateVirtualMFADeviceResponse> {
        COFFER_CHECK(insert(transaction, device));
        const ByteView text = seed.plaintext.read(
            secret::RawAccess::because("the answer of CreateVirtualMFADevice is where its owner gets it"));
        COFFER_TRY(uri, provisioning_uri(transaction, call, request.virtual_mfa_device_name, as_text(text)));
        COFFER_TRY(png, qr_code_png(uri));
        api::VirtualMFADevice made;
        made.serial_number = device.serial_number;
        made.base32_string_seed = to_bytes(text);
        made.qr_code_png = std::move(png);
        if (!device.tags.empty()) made.tags = api_tags(device.tags);
        return api::CreateVirtualMFADeviceResponse{std::move(made)};
      });
}

Result<api::DeleteVirtualMFADeviceResponse> IamService::delete_virtual_mfa_device(
    Call& call, const api::DeleteVirtualMFADeviceRequest& request) {
  COFFER_TRY(found, find_device(call, request.serial_number));
  return change<api::DeleteVirtualMFADeviceResponse>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(device, require_device(transaction, call.account, found.serial_number));
    if (!device.user_id.empty()) return delete_conflict("MFA VirtualDevice in use. Must deactivate first.");
    return transaction.remove_mfa_device(device.serial_number);
  });
}

Result<api::ListVirtualMFADevicesResponse> IamService::list_virtual_mfa_devices(
    Call& call, const api::ListVirtualMFADevicesRequest& request) {
  COFFER_CHECK(call.authorise("iam:ListVirtualMFADevices", iam_arn(call.account, "mfa", "/", "*")));
  COFFER_TRY(page, page_of("ListVirtualMFADevices", request.marker, request.max_items));
  const std::string wanted = request.assignment_status.value_or("Any");
  api::ListVirtualMFADevicesResponse response;
  response.virtual_mfa_devices.emplace();
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(devices, transaction.mfa_devices(call.account));
    std::erase_if(devices, [&](const MfaDevice& device) {
      return wanted != "Any" && (wanted == "Assigned") == device.user_id.empty();
    });
    take_page(devices, page, response, [](const MfaDevice& device) { return device.serial_number; });
    for (const auto& device : devices) {
      COFFER_TRY(shown, api_device(transaction, device));
      response.virtual_mfa_devices->push_back(std::move(shown));
    }
    return {};
  }));
  return response;
}

}  // namespace coffer::services::iam
