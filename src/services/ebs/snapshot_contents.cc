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

Status SnapshotContents::write(Call& call, const catalog::Snapshot& snapshot, uint32_t block, ByteView data,
                               const std::function<Status()>& before) {
  return with_open(call, snapshot, [&]() -> Status {
    COFFER_CHECK(before());
    return installation_.volumed.write_block(snapshot.id, block, data);
  });
}

// Keys that volumed holds for another call do not make this one allowed.
Status SnapshotContents::check_keys(Call& call, std::vector<ec2::KeyUse> uses) {
  for (auto& use : uses) {
    const auto usable =
        kms::any_key_by_arn(installation_, use.kms_key_arn)
            .and_then([&](const kms::FoundKey& found) -> Status {
              for (const auto& context : use.contexts)
                COFFER_CHECK(kms::authorise_key(call, "kms:Decrypt", found, ec2::layer_key_request(context)));
              return kms::require_usable(found);
            });
    if (usable) continue;
    if (!ec2::is_about_a_key(usable.error())) return usable;
    use.failure = usable.error();
    call.record(ec2::decrypt_record(use));
    return usable;
  }
  return {};
}

std::optional<std::vector<ec2::KeyUse>> SnapshotContents::opened_with(const std::string& snapshot_id) {
  const std::lock_guard lock(opened_mutex_);
  const auto found = opened_.find(snapshot_id);
  if (found == opened_.end()) return std::nullopt;
  return found->second;
}

Status SnapshotContents::open(Call& call, const catalog::Snapshot& snapshot) {
  const ec2::KeySession session{snapshot.id, ec2::make_session_id(installation_.random)};
  std::vector<ec2::KeyUse> used;
  ec2::KeyAccess access = ec2::access_of(call);
  access.record = [&used, record = access.record](const std::vector<ec2::KeyUse>& uses) {
    for (const auto& use : uses) used.push_back({use.kms_key_arn, use.contexts, {}, {}});
    return record(uses);
  };
  COFFER_CHECK(ec2::open_key_session(installation_, session, access));
  COFFER_CHECK(installation_.volumed.open_snapshot(session.subject_id, session.session_id));
  const std::lock_guard lock(opened_mutex_);
  if (opened_.size() >= kMostRemembered) opened_.clear();
  opened_.insert_or_assign(snapshot.id, std::move(used));
  return {};
}

Status SnapshotContents::with_open(Call& call, const catalog::Snapshot& snapshot,
                                   const std::function<Status()>& action) {
  // Nothing: it has to be opened.
  const auto attempt = [&]() -> std::optional<Status> {
    auto uses = opened_with(snapshot.id);
    if (!uses) return std::nullopt;
    if (const Status usable = check_keys(call, std::move(*uses)); !usable) return key_error(usable.error());
    Status done = action();
    if (!done && done.error().kind == ErrorKind::kConflict) return std::nullopt;
    return done;
  };
  if (auto done = attempt()) return std::move(*done);
  const std::lock_guard lock(opening_[std::hash<std::string>{}(snapshot.id) % opening_.size()]);
  if (auto done = attempt()) return std::move(*done);
  if (const Status opened = open(call, snapshot); !opened) return key_error(opened.error());
  return action();
}

}  // namespace coffer::services::ebs
