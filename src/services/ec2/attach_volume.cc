// SPDX-License-Identifier: Apache-2.0
// AttachVolume, and what restores attachments after a restart of volumed.
#include <fmt/format.h>

#include <set>

#include "base/ids.h"
#include "base/log.h"
#include "services/arn.h"
#include "services/ec2/ec2_service.h"
#include "services/ec2/volume_keys.h"
#include "services/ec2/volume_lookup.h"
#include "services/service_event.h"

namespace coffer::services::ec2 {
namespace {

tl::unexpected<Error> refuse(ErrorKind kind, const char* code, std::string message) {
  return fail(kind, std::move(message), code);
}

// /dev/sd[b-z], /dev/xvd[b-z][a-z]?, with an optional partition digit: the names EC2 documents.
Status check_device(const std::string& device) {
  std::string_view rest = device;
  if (rest.starts_with("/dev/")) rest.remove_prefix(5);
  const bool known = rest.starts_with("sd") || rest.starts_with("xvd") || rest.starts_with("hd");
  const std::string_view letters = known ? rest.substr(rest.starts_with("xvd") ? 3 : 2) : "";
  const bool shaped = !letters.empty() && letters.size() <= 3 && letters[0] >= 'a' && letters[0] <= 'z' &&
                      std::all_of(letters.begin() + 1, letters.end(),
                                  [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
  if (shaped) return {};
  return refuse(
      ErrorKind::kInvalidArgument, "InvalidParameterValue",
      fmt::format("Value ({0}) for parameter device is invalid. {0} is not a valid EBS device name.",
                  device));
}

Status check_instance(Call& call, const std::string& instance_id) {
  if (!is_resource_id(instance_id, "i"))
    return refuse(ErrorKind::kInvalidArgument, "InvalidInstanceID.Malformed",
                  fmt::format("Invalid id: \"{}\" (expecting \"i-...\")", instance_id));
  if (instance_id == call.installation.host_id) return {};
  return refuse(ErrorKind::kNotFound, "InvalidInstanceID.NotFound",
                fmt::format("The instance ID '{}' does not exist", instance_id));
}

// Takes the volume for this attachment; another call that wants it from now on finds it in use.
Status reserve(catalog::Transaction& transaction, const catalog::Attachment& wanted) {
  COFFER_TRY(existing, transaction.attachment(wanted.volume_id));
  if (existing)
    return refuse(ErrorKind::kConflict, "VolumeInUse",
                  fmt::format("{} is already attached to an instance", wanted.volume_id));
  COFFER_TRY(volume, transaction.volume(wanted.volume_id));
  if (!volume || volume->state != "available")
    return refuse(ErrorKind::kConflict, "IncorrectState",
                  fmt::format("{} is not 'available'.", wanted.volume_id));
  COFFER_TRY(all, transaction.attachments());
  for (const auto& other : all)
    if (other.account == wanted.account && other.region == wanted.region &&
        other.instance_id == wanted.instance_id && other.device == wanted.device)
      return refuse(ErrorKind::kInvalidArgument, "InvalidParameterValue",
                    fmt::format("Invalid value '{0}' for unixDevice. Attachment point {0} is already in use",
                                wanted.device));
  volume->state = "in-use";
  COFFER_CHECK(transaction.update_volume(*volume));
  return transaction.insert_attachment(wanted);
}

Status release(catalog::Transaction& transaction, const std::string& volume_id) {
  COFFER_CHECK(transaction.remove_attachment(volume_id));
  COFFER_TRY(volume, transaction.volume(volume_id));
  if (!volume) return {};
  volume->state = "available";
  return transaction.update_volume(*volume);
}

// A key that cannot be used now is, to EC2, a revoked key; the cause stays in the message.
Error attach_error(const Error& error, const catalog::Volume& volume) {
  const bool about_the_key = error.code == "DisabledException" || error.code == "KMSInvalidStateException" ||
                             error.code == "NotFoundException" || error.code == "AccessDeniedException" ||
                             error.kind == ErrorKind::kRefusedCiphertext;
  if (!about_the_key) return error;
  return {ErrorKind::kPermissionDenied,
          fmt::format("Volume {} cannot be attached: its KMS key {} cannot be used. {}: {}", volume.id,
                      volume.kms_key_arn, error.code.empty() ? "InvalidCiphertextException" : error.code,
                      error.message),
          "CustomerKeyHasBeenRevoked"};
}

// From the store's description of the volume to a served one. `before_delivery` makes the Decrypt durable in
// the trail before the key leaves for volumed.
Result<control::AttachedVolume> open_on_host(Installation& parts, const catalog::Volume& volume,
                                             const std::string& attachment_id,
                                             const std::function<Status()>& before_delivery) {
  COFFER_TRY(prepared, parts.volumed.prepare_attachment(volume.id, attachment_id));
  Bytes box;
  if (volume.encrypted) {
    COFFER_TRY(boxed, box_volume_keys(parts, volume, prepared, attachment_id));
    COFFER_CHECK(before_delivery());
    box = std::move(boxed.box);
  }
  return parts.volumed.attach(volume.id, attachment_id, box);
}

}  // namespace

Result<api::VolumeAttachment> Ec2Service::attach_volume(Call& call, const api::AttachVolumeRequest& request) {
  COFFER_TRY(found, find_volume(call, request.volume_id));
  COFFER_CHECK(check_instance(call, request.instance_id));
  COFFER_CHECK(check_device(request.device));
  COFFER_CHECK(call.authorise("ec2:AttachVolume", volume_arn(call.region, call.account, request.volume_id)));
  const catalog::Volume& volume = found.volume;
  if (volume.encrypted) COFFER_CHECK(call.authorise("kms:Decrypt", volume.kms_key_arn));

  catalog::Attachment attachment;
  attachment.id = make_resource_id(call.installation.random, "attach");
  attachment.volume_id = volume.id;
  attachment.account = call.account;
  attachment.region = call.region;
  attachment.instance_id = request.instance_id;
  attachment.device = request.device;
  attachment.state = "attaching";
  attachment.principal_arn = call.principal.arn;
  attachment.attached = call.time;
  COFFER_CHECK(call.installation.catalog.write(
      [&](catalog::Transaction& transaction) { return reserve(transaction, attachment); }));

  bool decrypted = false;
  const auto served = open_on_host(call.installation, volume, attachment.id, [&] {
    decrypted = true;
    return call.installation.catalog.write([&](catalog::Transaction& transaction) {
      return call.record_now(transaction, decrypt_record(volume, nullptr));
    });
  });
  if (!served) {
    if (volume.encrypted && !decrypted && served.error().kind != ErrorKind::kUnavailable)
      call.record(decrypt_record(volume, &served.error()));
    COFFER_CHECK(call.installation.catalog.write(
        [&](catalog::Transaction& transaction) { return release(transaction, volume.id); }));
    return tl::unexpected(attach_error(served.error(), volume));
  }
  return call.commit<api::VolumeAttachment>(
      [&](catalog::Transaction& transaction) -> Result<api::VolumeAttachment> {
        api::VolumeAttachment answer = to_api(attachment);  // "attaching", as AWS answers
        attachment.state = "attached";
        attachment.socket_path = served->socket_path;
        COFFER_CHECK(transaction.update_attachment(attachment));
        return answer;
      });
}

void Ec2Service::resume() {
  // No call is under way yet, so that what is `attaching` was cut off before its answer: it did not happen.
  const auto status = installation_.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(attachments, transaction.attachments());
    for (const auto& attachment : attachments)
      if (attachment.state == "attaching") COFFER_CHECK(release(transaction, attachment.volume_id));
    return {};
  });
  if (!status) log_error("cannot resume attachments: {}", status.error().message);
  worker_.start();
}

void Ec2Service::restore_attachments() {
  std::vector<std::pair<catalog::Attachment, catalog::Volume>> wanted;
  std::set<std::string> known;
  const auto read = installation_.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(attachments, transaction.attachments());
    for (auto& attachment : attachments) {
      known.insert(attachment.id);
      if (attachment.state != "attached") continue;
      COFFER_TRY(volume, transaction.volume(attachment.volume_id));
      if (volume) wanted.emplace_back(std::move(attachment), std::move(*volume));
    }
    return {};
  });
  const auto host = installation_.volumed.status();
  if (!read || !host) return;  // volumed went away again; its next channel brings us back here
  std::set<std::string> served;
  for (const auto& attached : host->attached) {
    if (known.contains(attached.attachment_id)) {
      served.insert(attached.attachment_id);
    } else if (const auto status = installation_.volumed.detach(attached.volume_id, true); !status) {
      log_warning("volume {} is attached without being wanted: {}", attached.volume_id,
                  status.error().message);
    }
  }
  for (auto& [attachment, volume] : wanted) {
    if (served.contains(attachment.id)) continue;
    const auto record = [&](const Error* failure) {
      const DependentCall decrypt = decrypt_record(volume, failure);
      return installation_.catalog.write([&](catalog::Transaction& transaction) {
        return record_service_event(installation_, transaction,
                                    {.account = volume.account,
                                     .region = volume.region,
                                     .event_source = decrypt.event_source,
                                     .event_name = decrypt.event_name,
                                     .request_parameters_json = decrypt.request_parameters_json,
                                     .resource_arns = decrypt.resource_arns,
                                     .on_behalf_of = attachment.principal_arn,
                                     .read_only = true,
                                     .error_code = decrypt.error_code,
                                     .error_message = decrypt.error_message});
      });
    };
    bool decrypted = false;
    const auto again = open_on_host(installation_, volume, attachment.id, [&] {
      decrypted = true;
      return record(nullptr);
    });
    if (!again && volume.encrypted && !decrypted && again.error().kind != ErrorKind::kUnavailable)
      (void)record(&again.error());
    attachment.failure = again ? "" : attach_error(again.error(), volume).message;
    if (again) attachment.socket_path = again->socket_path;
    if (!again) log_warning("volume {} could not be attached again: {}", volume.id, again.error().message);
    const auto updated = installation_.catalog.write([&](catalog::Transaction& transaction) -> Status {
      // Detached meanwhile: then nothing is left to say about it.
      COFFER_TRY(current, transaction.attachment(volume.id));
      if (!current || current->id != attachment.id) return {};
      return transaction.update_attachment(attachment);
    });
    if (!updated) log_error("cannot record the attachment of {}: {}", volume.id, updated.error().message);
  }
}

}  // namespace coffer::services::ec2
