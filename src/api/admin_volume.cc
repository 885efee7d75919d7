// SPDX-License-Identifier: Apache-2.0
// volume-uri and volume-why.
#include <fmt/format.h>

#include "api/admin_call.h"
#include "base/encoding.h"

namespace coffer::api {
namespace {

struct FoundVolume {
  catalog::Volume volume;
  std::optional<catalog::Attachment> attachment;
};

Result<FoundVolume> find_volume(AdminCall& call) {
  const std::string id = call.text("volume_id");
  std::optional<FoundVolume> found;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(volume, transaction.volume(id));
    if (!volume) return {};
    COFFER_TRY(attachment, transaction.attachment(id));
    found = FoundVolume{std::move(*volume), std::move(attachment)};
    return {};
  }));
  if (!found)
    return fail(ErrorKind::kNotFound, "The volume '" + id + "' does not exist.", "InvalidVolume.NotFound");
  return std::move(*found);
}

// Why an attached volume does not serve: what apid noted when it could not be restored, or what volumed says
// of it.
std::string serving_failure(AdminCall& call, const catalog::Attachment& attachment) {
  if (!attachment.failure.empty()) return attachment.failure;
  const auto status = call.installation.volumed.status();
  if (!status) return {};
  for (const auto& attached : status->attached)
    if (attached.volume_id == attachment.volume_id) return attached.failure;
  return {};
}

// What goes on with the volume's contents: its re-keying, or a clone's becoming independent of its snapshot.
std::string background_work(AdminCall& call, const catalog::Volume& volume) {
  std::optional<catalog::VolumeRekey> rekey;
  (void)call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rekeys, transaction.rekeys_of_volume(volume.id));
    if (!rekeys.empty() && !rekeys.front().ended) rekey = rekeys.front();
    return {};
  });
  if (rekey)
    return fmt::format("it is re-keyed from {} to {}, {}% done{}{}", rekey->original_kms_key_arn,
                       rekey->kms_key_arn, rekey->progress, rekey->state == "waiting" ? "; it waits: " : "",
                       rekey->status_message);
  const auto jobs = call.installation.volumed.jobs();
  if (!jobs || !volume.independent) return {};
  for (const auto& job : *jobs)
    if (job.volume_id == volume.id && job.kind == "hydrate")
      return fmt::format("it still needs the keys of {}, of which it was made: {} of {} bytes are taken over",
                         volume.snapshot_id, job.done_bytes, job.total_bytes);
  return {};
}

struct Refusal {
  std::string code, message, since;
};

// The last AttachVolume of it that was refused, unless one succeeded after it: the caller got the reason, and
// who asks here may be somebody else. Looked for among the account's newest records only.
std::optional<Refusal> refused_attachment(AdminCall& call, const catalog::Volume& volume) {
  constexpr size_t kNewest = 2000;
  std::optional<Refusal> refusal;
  (void)call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(events, transaction.trail(volume.account, kNewest));
    for (const auto& event : events) {
      if (event.event_name != "AttachVolume" || event.record.find(volume.id) == std::string::npos) continue;
      const Json record = Json::parse(event.record, nullptr, false);
      const Json parameters = record.value("requestParameters", Json());
      if (!parameters.is_object() || parameters.value("volumeId", "") != volume.id) continue;
      if (record.contains("errorCode"))
        refusal = {record.value("errorCode", ""), record.value("errorMessage", ""), iso8601(event.time)};
      break;
    }
    return {};
  });
  return refusal;
}

}  // namespace

// Source: the NBD URI specification (nbd/doc/uri.md): the path is the export's name.
std::string nbd_uri(const catalog::Attachment& attachment) {
  return "nbd+unix:///" + attachment.volume_id + "?socket=" + percent_encode(attachment.socket_path, true);
}

Result<std::string> volume_uri(AdminCall& call) {
  COFFER_TRY(found, find_volume(call));
  if (!found.attachment || found.attachment->state != "attached" || found.attachment->socket_path.empty())
    return fail(ErrorKind::kConflict,
                "The volume '" + found.volume.id + "' is not attached; it is " + found.volume.state + ".",
                "IncorrectState");
  if (!found.attachment->failure.empty())
    return fail(ErrorKind::kConflict,
                "The volume '" + found.volume.id + "' is not served: " + found.attachment->failure,
                "IncorrectState");
  return success_line({{"uri", nbd_uri(*found.attachment)}});
}

Result<std::string> volume_why(AdminCall& call) {
  if (call.text("volume_id").starts_with("snap-")) return snapshot_why(call);
  COFFER_TRY(found, find_volume(call));
  std::optional<Timestamp> since = found.volume.deleted;
  std::string code = found.volume.failure_code, message = found.volume.failure_message;
  if (!code.empty() && !since) since = found.volume.created;
  if (code.empty() && found.attachment) {
    since = found.attachment->attached;
    message = serving_failure(call, *found.attachment);
    if (!message.empty()) code = "AttachmentFailed";
  }
  if (code.empty() && found.volume.state != "deleted") message = background_work(call, found.volume);
  if (code.empty() && message.empty() && !found.attachment)
    if (const auto refusal = refused_attachment(call, found.volume))
      return success_line({{"volume_id", found.volume.id},
                           {"region", found.volume.region},
                           {"state", found.volume.state},
                           {"code", refusal->code},
                           {"message", refusal->message},
                           {"since", refusal->since}});
  return success_line({{"volume_id", found.volume.id},
                       {"region", found.volume.region},
                       {"state", found.volume.state},
                       {"code", code},
                       {"message", message},
                       {"since", since ? iso8601(*since) : ""}});
}

}  // namespace coffer::api
