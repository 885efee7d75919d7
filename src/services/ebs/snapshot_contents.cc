// SPDX-License-Identifier: Apache-2.0
#include "services/ebs/snapshot_contents.h"

#include "services/ebs/ebs_error.h"
#include "services/ec2/layer_keys.h"
#include "services/ec2/snapshot_lookup.h"
#include "services/kms/key_directory.h"

namespace coffer::services::ebs {

Result<Bytes> SnapshotContents::read(Call& call, const catalog::Snapshot& snapshot, uint32_t block) {
  Bytes contents;
  COFFER_CHECK(with_open(call, snapshot, [&]() -> Status {
    COFFER_TRY(data, installation_.volumed.read_block(snapshot.id, block));
    contents = std::move(data);
    return {};
  }));
  return contents;
}

Status SnapshotContents::write(Call& call, const catalog::Snapshot& snapshot, uint32_t block, ByteView data) {
  return with_open(call, snapshot,
                   [&] { return installation_.volumed.write_block(snapshot.id, block, data); });
}

// Keys that volumed holds for another call do not make this one allowed.
Status SnapshotContents::check_key(Call& call, const catalog::Snapshot& snapshot) {
  if (!snapshot.encrypted) return {};
  const auto usable = kms::find_key(call, "kms:Decrypt", snapshot.kms_key_arn, kms::AliasUse::kRefused)
                          .and_then([&](const kms::FoundKey& found) -> Status {
                            COFFER_CHECK(call.authorise("kms:Decrypt", found.arn));
                            return kms::require_usable(found);
                          });
  if (usable || !ec2::is_about_a_key(usable.error())) return usable;
  ec2::KeyUse use;
  use.kms_key_arn = snapshot.kms_key_arn;
  use.contexts = {snapshot.volume_id == ec2::kNoVolumeId ? snapshot.id : snapshot.volume_id};
  use.failure = usable.error();
  call.record(ec2::decrypt_record(use));
  return usable;
}

Status SnapshotContents::open(Call& call, const catalog::Snapshot& snapshot) {
  const ec2::KeySession session{snapshot.id, ec2::make_session_id(installation_.random)};
  COFFER_CHECK(ec2::open_key_session(installation_, session, ec2::access_of(call)));
  return installation_.volumed.open_snapshot(session.subject_id, session.session_id);
}

Status SnapshotContents::with_open(Call& call, const catalog::Snapshot& snapshot,
                                   const std::function<Status()>& action) {
  const auto is_closed = [](const Status& status) {
    return !status && status.error().kind == ErrorKind::kConflict;
  };
  if (const Status usable = check_key(call, snapshot); !usable) return key_error(usable.error());
  Status done = action();
  if (!is_closed(done)) return done;
  const std::lock_guard lock(opening_[std::hash<std::string>{}(snapshot.id) % opening_.size()]);
  done = action();
  if (!is_closed(done)) return done;
  if (const Status opened = open(call, snapshot); !opened) return key_error(opened.error());
  return action();
}

}  // namespace coffer::services::ebs
