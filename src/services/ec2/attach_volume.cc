// SPDX-License-Identifier: Apache-2.0
// AttachVolume.
#include <fmt/format.h>

#include "base/ids.h"
#include "base/log.h"
#include "services/arn.h"
#include "services/ec2/attachment_opening.h"
#include "services/ec2/ec2_service.h"
#include "services/ec2/instance_lookup.h"
#include "services/ec2/layer_keys.h"
#include "services/ec2/volume_lookup.h"

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

// At AWS, EC2 makes a grant by which the host may decrypt, in the name of who attaches: without the right to
// make it nothing is attached. Here no grant is made, for keyd hands the host nothing but this volume's key.
// Source: AWS KMS Developer Guide, "How Amazon EBS uses AWS KMS"; kubernetes/kubernetes#62171.
Status authorise_host_grant(Call& call, const catalog::Volume& volume, const std::string& instance_id) {
  COFFER_TRY(key, kms::any_key_by_arn(call.installation, volume.kms_key_arn));
  kms::KeyRequest said = layer_key_request(volume.id);
  said.condition.set("kms:GrantIsForAWSResource", std::string("true"));
  said.condition.set("kms:GrantOperations", std::vector<std::string>{"Decrypt"});
  said.condition.set("kms:GrantConstraintType", std::string("EncryptionContextSubset"));
  said.condition.set("kms:GranteePrincipal",
                     make_arn("sts", "", call.account, "assumed-role/aws:ec2-infrastructure/" + instance_id));
  return kms::authorise_key(call, "kms:CreateGrant", key, said);
}

// May the caller have the volume's key used on that instance? The keys of other layers of its chain are asked
// about when volumed has named them.
Status authorise_key_use(Call& call, const catalog::Volume& volume, const std::string& instance_id) {
  if (!volume.encrypted) return {};
  Status allowed = authorise_decryption(call, volume.kms_key_arn, volume.id);
  if (allowed) allowed = authorise_host_grant(call, volume, instance_id);
  if (allowed || allowed.error().kind != ErrorKind::kNotFound) return allowed;
  return tl::unexpected(attach_error(allowed.error(), volume));
}

// The call failed after volumed may have got the key: it must not go on serving a volume that the catalog
// calls available. Where volumed cannot be reached, reconcile() finds out.
Status undo(Installation& parts, const std::string& volume_id) {
  if (const Status detached = parts.volumed.detach(volume_id, true); !detached)
    log_warning("volume {} may still be served: {}", volume_id, detached.error().message);
  return parts.catalog.write(
      [&](catalog::Transaction& transaction) { return release(transaction, volume_id); },
      catalog::Urgency::kProtective);
}

}  // namespace

Result<api::VolumeAttachment> Ec2Service::attach_volume(Call& call, const api::AttachVolumeRequest& request) {
  COFFER_TRY(found, find_volume(call, request.volume_id));
  COFFER_CHECK(check_instance(call, request.instance_id));
  COFFER_CHECK(check_device(request.device));
  const catalog::Volume& volume = found.volume;
  COFFER_CHECK(authorise_key_use(call, volume, request.instance_id));

  const auto lock = locks_.hold(volume.id);
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

  const auto served = open_on_host(call.installation, volume, attachment.id, access_of(call));
  if (!served) {
    COFFER_CHECK(undo(call.installation, volume.id));
    return tl::unexpected(attach_error(served.error(), volume));
  }
  auto answer = call.commit<api::VolumeAttachment>(
      [&](catalog::Transaction& transaction) -> Result<api::VolumeAttachment> {
        api::VolumeAttachment shown = to_api(attachment);  // "attaching", as AWS answers
        attachment.state = "attached";
        attachment.socket_path = served->socket_path;
        COFFER_CHECK(transaction.update_attachment(attachment));
        return shown;
      });
  // Without its record the attachment must not stand.
  if (!answer)
    if (const Status undone = undo(call.installation, volume.id); !undone)
      log_error("volume {} stays attaching: {}", volume.id, undone.error().message);
  return answer;
}

}  // namespace coffer::services::ec2
