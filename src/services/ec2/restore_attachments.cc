// SPDX-License-Identifier: Apache-2.0
// After a restart: what was cut off in the middle is undone, what volumed lost is attached again.
#include <algorithm>

#include "base/log.h"
#include "services/ec2/attachment_opening.h"
#include "services/ec2/ec2_service.h"
#include "services/service_event.h"

namespace coffer::services::ec2 {
namespace {

struct WantedAttachment {
  catalog::Attachment attachment;
  catalog::Volume volume;
};
Result<std::optional<WantedAttachment>> read_wanted(catalog::Catalog& catalog, const std::string& volume_id) {
  std::optional<WantedAttachment> wanted;
  COFFER_CHECK(catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(attachment, transaction.attachment(volume_id));
    COFFER_TRY(volume, transaction.volume(volume_id));
    if (attachment && volume) wanted = WantedAttachment{std::move(*attachment), std::move(*volume)};
    return {};
  }));
  return wanted;
}

// Serves the volume again under a new Decrypt and notes in the catalog how that went: false when it could not
// be. A cause that is noted already is not noted again, so that trying goes on without filling the trail.
Result<bool> attach_again(Installation& parts, WantedAttachment wanted) {
  // No structured binding: clang 14 captures none in a lambda.
  catalog::Attachment& attachment = wanted.attachment;
  const catalog::Volume& volume = wanted.volume;
  std::vector<KeyUse> refused;
  const auto write = [&](const std::vector<KeyUse>& uses) {
    return parts.catalog.write([&](catalog::Transaction& transaction) -> Status {
      for (const auto& use : uses)
        COFFER_CHECK(record_service_event(parts, transaction,
                                          decrypt_event(use, volume.account, attachment.principal_arn)));
      return transaction.update_attachment(attachment);
    });
  };
  KeyAccess access = access_of(parts, {attachment.account, attachment.principal_arn, attachment.attached});
  access.record = [&](const std::vector<KeyUse>& uses) -> Status {
    if (!uses.front().failure) return write(uses);
    refused = uses;
    return {};
  };
  const auto served = open_on_host(parts, volume, attachment.id, access);
  if (served) {
    attachment.socket_path = served->socket_path;
    attachment.failure.clear();
    COFFER_CHECK(write({}));
    return true;
  }
  std::string cause = attach_error(served.error(), volume).message;
  if (cause != attachment.failure) {
    attachment.failure = std::move(cause);
    log_warning("volume {} could not be attached again: {}", volume.id, served.error().message);
    COFFER_CHECK(write(refused));
  }
  return false;
}

const control::AttachedVolume* served_by(const control::VolumedStatus& host, const std::string& volume_id) {
  const auto found = std::find_if(host.attached.begin(), host.attached.end(),
                                  [&](const auto& attached) { return attached.volume_id == volume_id; });
  return found == host.attached.end() ? nullptr : &*found;
}

}  // namespace

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
  snapshot_worker_.start();
}

// Brings what volumed serves in line with what the catalog says of one volume; false when it could not be
// attached.
Result<bool> Ec2Service::reconcile(const std::string& volume_id) {
  const auto lock = locks_.hold(volume_id);
  COFFER_TRY(host, installation_.volumed.status());
  COFFER_TRY(wanted, read_wanted(installation_.catalog, volume_id));
  const control::AttachedVolume* served = served_by(host, volume_id);
  const bool right = served != nullptr && wanted && served->attachment_id == wanted->attachment.id;
  if (served != nullptr && !right) COFFER_CHECK(installation_.volumed.detach(volume_id, true));
  if (right || !wanted || wanted->attachment.state != "attached") return true;
  return attach_again(installation_, std::move(*wanted));
}

bool Ec2Service::restore_attachments() {
  snapshot_worker_.notify();  // its work may have waited for volumed, too
  std::vector<std::string> volume_ids;
  const auto read = installation_.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(attachments, transaction.attachments());
    for (const auto& attachment : attachments) volume_ids.push_back(attachment.volume_id);
    return {};
  });
  const auto host = installation_.volumed.status();
  if (!read || !host) return false;
  for (const auto& attached : host->attached) volume_ids.push_back(attached.volume_id);
  std::sort(volume_ids.begin(), volume_ids.end());
  volume_ids.erase(std::unique(volume_ids.begin(), volume_ids.end()), volume_ids.end());
  bool all = true;
  for (const auto& volume_id : volume_ids) {
    const auto restored = reconcile(volume_id);
    if (!restored)
      log_warning("the attachment of {} is not restored: {}", volume_id, restored.error().message);
    all = all && restored.value_or(false);
  }
  return all;
}

}  // namespace coffer::services::ec2
