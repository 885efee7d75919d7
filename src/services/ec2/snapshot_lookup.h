// SPDX-License-Identifier: Apache-2.0
// Snapshots as the EC2 API shows them, and the errors of those it does not have.
#pragma once
#include "generated/ec2/model.h"
#include "services/call.h"

namespace coffer::services::ec2 {

// What a snapshot that is made of no volume shows as its volume, as at AWS.
inline constexpr const char* kNoVolumeId = "vol-ffffffff";

// InvalidParameterValue or InvalidSnapshotID.Malformed for what is no snapshot id.
Status check_snapshot_id(const std::string& snapshot_id);
tl::unexpected<Error> snapshot_not_found(const std::string& snapshot_id);
// Does anybody see it? One whose call is under way is not there yet, one that is being deleted no more.
bool is_visible(const catalog::Snapshot& snapshot);

// InvalidSnapshot.NotFound for what is not there, not this account's or not in `region` (the call's own
// where none is named).
Result<catalog::Snapshot> find_snapshot(Call& call, const std::string& snapshot_id);
Result<catalog::Snapshot> find_snapshot(Call& call, const std::string& snapshot_id,
                                        const std::string& region);
// Whosever it is, in that region, for whoever explains a call; nothing for what nobody sees.
Result<std::optional<catalog::Snapshot>> visible_snapshot(Installation& installation,
                                                          const std::string& region,
                                                          const std::string& snapshot_id);
// IncorrectState unless it is completed.
Status require_completed(const catalog::Snapshot& snapshot);

// What the data keys of its own top layer are bound to (aws:ebs:id): the volume's id, or, without one, its
// own.
const std::string& key_context(const catalog::Snapshot& snapshot);

// How far it is, as AWS shows it: "57%".
std::string progress_text(const catalog::Snapshot& snapshot);
// As DescribeSnapshots shows it; the operations that make one leave a few members out.
coffer::ec2::Snapshot to_api(const catalog::Snapshot& snapshot);

}  // namespace coffer::services::ec2
