// SPDX-License-Identifier: Apache-2.0
#include "control/volumed_client.h"

#include <algorithm>
#include <iterator>

#include "control/client_channel.h"

namespace coffer::control {
namespace {

// A chain is at most 4,096 layers long, a copy's source and target together a little more.
constexpr size_t kLongestChain = 8192;

Status done(ClientChannel& channel, const Request& request) {
  COFFER_CHECK(channel.ask<Done>(request));
  return {};
}

// All pages of what is listed in the order of an id. Page has `items` of Item, whose id is `id`.
template <class Page, class Asked, class Item>
Result<std::vector<Item>> all_pages(ClientChannel& channel, std::vector<Item> Page::*items,
                                    std::string Item::*id) {
  std::vector<Item> all;
  bool more = true;
  while (more) {
    COFFER_TRY(page, channel.ask<Page>(Asked{all.empty() ? "" : all.back().*id}));
    more = page.more && !(page.*items).empty();
    std::ranges::move(page.*items, std::back_inserter(all));
  }
  return all;
}

}  // namespace

VolumedClient::VolumedClient() : channel_(std::make_unique<ClientChannel>()) {}
VolumedClient::~VolumedClient() = default;

void VolumedClient::connect(FileDescriptor channel) {
  channel_->connect(std::move(channel));
}

Result<VolumedStatus> VolumedClient::status() {
  COFFER_TRY(page, channel_->ask<StatusPage>(GetStatus{}));
  VolumedStatus status = std::move(page.status);
  while (page.more && !status.attached.empty()) {
    COFFER_TRY(next, channel_->ask<StatusPage>(GetStatus{status.attached.back().volume_id}));
    page = std::move(next);
    if (page.status.attached.empty()) break;
    std::ranges::move(page.status.attached, std::back_inserter(status.attached));
  }
  return status;
}

Status VolumedClient::create_volume(const NewVolume& volume) {
  return done(*channel_, CreateVolume{volume});
}

Status VolumedClient::delete_volume(const std::string& volume_id) {
  return done(*channel_, DeleteVolume{volume_id});
}

Result<std::vector<std::string>> VolumedClient::list_volumes() {
  std::vector<std::string> volumes;
  bool more = true;
  while (more) {
    COFFER_TRY(page, channel_->ask<VolumePage>(ListVolumes{volumes.empty() ? "" : volumes.back()}));
    more = page.more && !page.volume_ids.empty();
    std::ranges::move(page.volume_ids, std::back_inserter(volumes));
  }
  return volumes;
}

Status VolumedClient::grow_volume(const std::string& volume_id, uint64_t size_bytes) {
  return done(*channel_, GrowVolume{volume_id, size_bytes});
}

Result<PreparedKeys> VolumedClient::prepare_keys(const std::string& subject_id,
                                                 const std::string& session_id) {
  COFFER_TRY(page, channel_->ask<KeyPage>(PrepareKeys{subject_id, session_id, 0}));
  PreparedKeys keys = std::move(page.keys);
  while (page.more) {
    const auto count = static_cast<uint32_t>(keys.layers.size());
    COFFER_TRY(next, channel_->ask<KeyPage>(PrepareKeys{subject_id, session_id, count}));
    page = std::move(next);
    if (page.keys.nonce != keys.nonce)
      return fail(ErrorKind::kConflict, "the session was prepared again meanwhile");
    if (page.keys.layers.empty() || count > kLongestChain)
      return fail(ErrorKind::kInternal, "volumed names keys without end");
    std::ranges::move(page.keys.layers, std::back_inserter(keys.layers));
  }
  return keys;
}

Status VolumedClient::deliver_keys(const std::string& subject_id, const std::string& session_id,
                                   ByteView box) {
  return done(*channel_, DeliverKeys{subject_id, session_id, to_bytes(box)});
}

Result<AttachedVolume> VolumedClient::attach(const std::string& volume_id, const std::string& attachment_id) {
  return channel_->ask<AttachedVolume>(AttachVolume{volume_id, attachment_id});
}

Status VolumedClient::detach(const std::string& volume_id, bool force) {
  return done(*channel_, DetachVolume{volume_id, force});
}

Status VolumedClient::set_limits(const std::string& volume_id, uint32_t iops, uint64_t bytes_per_second) {
  return done(*channel_, SetLimits{volume_id, iops, bytes_per_second});
}

Status VolumedClient::create_snapshots(const std::vector<NewSnapshot>& snapshots) {
  return done(*channel_, CreateSnapshots{snapshots});
}

Status VolumedClient::complete_snapshot(const std::string& snapshot_id) {
  return done(*channel_, CompleteSnapshot{snapshot_id});
}

Status VolumedClient::delete_snapshot(const std::string& snapshot_id) {
  return done(*channel_, DeleteSnapshot{snapshot_id});
}

Result<std::vector<SnapshotDescription>> VolumedClient::list_snapshots() {
  return all_pages<SnapshotPage, ListSnapshots>(*channel_, &SnapshotPage::snapshots,
                                                &SnapshotDescription::snapshot_id);
}

Status VolumedClient::create_detached_snapshot(const NewDetachedSnapshot& snapshot) {
  return done(*channel_, CreateDetachedSnapshot{snapshot});
}

Status VolumedClient::rekey_volume(const std::string& volume_id, const NewLayer& layer,
                                   const std::string& session_id) {
  return done(*channel_, RekeyVolume{volume_id, layer, session_id});
}

Result<std::vector<StoredNode>> VolumedClient::list_nodes() {
  return all_pages<NodePage, ListNodes>(*channel_, &NodePage::nodes, &StoredNode::id);
}

Status VolumedClient::replace_layer_key(const std::string& layer_id, const Bytes& before,
                                        const Bytes& after) {
  return done(*channel_, ReplaceLayerKey{layer_id, before, after});
}

Result<std::vector<Job>> VolumedClient::jobs() {
  return all_pages<JobPage, ListJobs>(*channel_, &JobPage::jobs, &Job::subject_id);
}

Status VolumedClient::run_job(const std::string& subject_id, const std::string& session_id) {
  return done(*channel_, RunJob{subject_id, session_id});
}

Status VolumedClient::set_job_rate(uint64_t bytes_per_second) {
  return done(*channel_, SetJobRate{bytes_per_second});
}

Result<std::vector<uint32_t>> VolumedClient::list_blocks(const std::string& snapshot_id,
                                                         const std::string& base_snapshot_id,
                                                         uint32_t first_block, uint32_t most) {
  std::vector<uint32_t> blocks;
  bool more = true;
  while (more && blocks.size() < most) {
    const uint32_t first = blocks.empty() ? first_block : blocks.back() + 1;
    const auto wanted = static_cast<uint32_t>(most - blocks.size());
    COFFER_TRY(page, channel_->ask<BlockList>(ListBlocks{snapshot_id, base_snapshot_id, first, wanted}));
    more = page.more && !page.blocks.empty();
    std::ranges::copy(page.blocks, std::back_inserter(blocks));
  }
  return blocks;
}

Status VolumedClient::open_snapshot(const std::string& snapshot_id, const std::string& session_id) {
  return done(*channel_, OpenSnapshot{snapshot_id, session_id});
}

Result<Bytes> VolumedClient::read_block(const std::string& snapshot_id, uint32_t block) {
  Bytes contents;
  contents.reserve(kBlockSize);
  while (contents.size() < kBlockSize) {
    const auto offset = static_cast<uint32_t>(contents.size());
    COFFER_TRY(piece, channel_->ask<BlockPiece>(ReadBlock{snapshot_id, block, offset, kLongestPiece}));
    if (piece.data.size() != kLongestPiece)
      return fail(ErrorKind::kInternal, "volumed sent a piece of a block of another size");
    std::ranges::copy(piece.data, std::back_inserter(contents));
  }
  return contents;
}

Status VolumedClient::write_block(const std::string& snapshot_id, uint32_t block, ByteView data) {
  if (data.size() != kBlockSize) return fail(ErrorKind::kInvalidArgument, "a block of a snapshot is 512 KiB");
  for (uint32_t offset = 0; offset < kBlockSize; offset += kLongestPiece)
    COFFER_CHECK(done(*channel_,
                      WriteBlock{snapshot_id, block, offset, to_bytes(data.subspan(offset, kLongestPiece))}));
  return {};
}

Result<NbdKey> VolumedClient::nbd_key() {
  return channel_->ask<NbdKey>(GetNbdKey{});
}

Status VolumedClient::set_nbd_certificate(ByteView certificate_der, ByteView authority_der) {
  return done(*channel_, SetNbdCertificate{to_bytes(certificate_der), to_bytes(authority_der)});
}

}  // namespace coffer::control
