// SPDX-License-Identifier: Apache-2.0
#include "control/volumed_handler.h"

#include <algorithm>

namespace coffer::control {
namespace {

Reply to_reply(Status status) {
  if (!status) return std::move(status.error());
  return Done{};
}

// The page of `items`, ordered by their ids, that comes after `after`; whether there is more.
template <class Item, class Id>
bool cut_page(std::vector<Item>& items, Id id, const std::string& after, size_t most) {
  std::erase_if(items, [&](const Item& item) { return std::invoke(id, item) <= after; });
  std::ranges::sort(items, {}, id);
  const bool more = items.size() > most;
  if (more) items.resize(most);
  return more;
}

template <class Page, class Item, class Id>
Reply list_page(Result<std::vector<Item>> items, Id id, const std::string& after, size_t most) {
  if (!items) return std::move(items.error());
  const bool more = cut_page(*items, id, after, most);
  return Page{std::move(*items), more};
}

StatusPage status_page(VolumedStatus status, const std::string& after) {
  const bool more = cut_page(status.attached, &AttachedVolume::volume_id, after, kMostVolumesDescribed);
  return {std::move(status), more};
}

// As many layers from `first` on as fit a message: at least one.
Reply key_page(Result<PreparedKeys> keys, size_t first) {
  if (!keys) return std::move(keys.error());
  auto& layers = keys->layers;
  size_t end = std::min(first, layers.size()), size = 0;
  while (end < layers.size() && end - first < kMostLayers) {
    const NewLayer& layer = layers[end];
    size += 16 + layer.layer_id.size() + layer.key_context.size() +
            (layer.wrapped_key ? layer.wrapped_key->size() : 0);
    if (size > kLongestLayers && end > first) break;
    ++end;
  }
  const bool more = end < layers.size();
  layers.erase(layers.begin() + end, layers.end());
  layers.erase(layers.begin(), layers.begin() + std::min(first, end));
  return KeyPage{std::move(*keys), more};
}

// As many as fit a message: at least one, if there is one.
Reply node_page(Result<std::vector<StoredNode>> nodes) {
  if (!nodes) return std::move(nodes.error());
  size_t end = 0, size = 0;
  while (end < nodes->size() && end < kMostNodesListed) {
    const StoredNode& node = (*nodes)[end];
    size += 32 + node.id.size() + node.below.size() + node.key_context.size() +
            (node.wrapped_key ? node.wrapped_key->size() : 0);
    if (size > kLongestLayers && end > 0) break;
    ++end;
  }
  const bool more = end < nodes->size() || end == kMostNodesListed;
  nodes->resize(end);
  return NodePage{std::move(*nodes), more};
}

Reply block_list(VolumedHandler& handler, const ListBlocks& asked) {
  const auto most = std::min<uint32_t>(asked.most, kMostBlocksListed);
  auto blocks = handler.list_blocks(asked.snapshot_id, asked.base_snapshot_id, asked.first, most);
  if (!blocks) return std::move(blocks.error());
  const bool more = blocks->size() == most;
  return BlockList{std::move(*blocks), more};
}

Status check_piece(uint32_t offset, size_t length) {
  if (length > 0 && length <= kLongestPiece && offset <= kBlockSize && length <= kBlockSize - offset)
    return {};
  return fail(ErrorKind::kInvalidArgument, "no piece of a block");
}

struct Answer {
  VolumedHandler& handler;

  Reply operator()(const GetStatus& asked) { return status_page(handler.status(), asked.after); }
  Reply operator()(const CreateVolume& asked) { return to_reply(handler.create_volume(asked.volume)); }
  Reply operator()(const DeleteVolume& asked) { return to_reply(handler.delete_volume(asked.volume_id)); }
  Reply operator()(const ListVolumes& asked) {
    return list_page<VolumePage>(handler.list_volumes(), std::identity(), asked.after, kMostVolumesListed);
  }
  Reply operator()(const GrowVolume& asked) {
    return to_reply(handler.grow_volume(asked.volume_id, asked.size_bytes));
  }
  Reply operator()(const PrepareKeys& asked) {
    return key_page(asked.first == 0 ? handler.prepare_keys(asked.subject_id, asked.session_id)
                                     : handler.prepared_keys(asked.subject_id, asked.session_id),
                    asked.first);
  }
  Reply operator()(const DeliverKeys& asked) {
    return to_reply(handler.deliver_keys(asked.subject_id, asked.session_id, asked.box));
  }
  Reply operator()(const AttachVolume& asked) {
    auto attached = handler.attach(asked.volume_id, asked.attachment_id);
    if (!attached) return std::move(attached.error());
    return std::move(*attached);
  }
  Reply operator()(const DetachVolume& asked) {
    return to_reply(handler.detach(asked.volume_id, asked.force));
  }
  Reply operator()(const SetLimits& asked) {
    return to_reply(handler.set_limits(asked.volume_id, asked.iops, asked.bytes_per_second));
  }
  Reply operator()(const CreateSnapshots& asked) {
    return to_reply(handler.create_snapshots(asked.snapshots));
  }
  Reply operator()(const CompleteSnapshot& asked) {
    return to_reply(handler.complete_snapshot(asked.snapshot_id));
  }
  Reply operator()(const DeleteSnapshot& asked) {
    return to_reply(handler.delete_snapshot(asked.snapshot_id));
  }
  Reply operator()(const ListSnapshots& asked) {
    return list_page<SnapshotPage>(handler.list_snapshots(), &SnapshotDescription::snapshot_id, asked.after,
                                   kMostSnapshotsListed);
  }
  Reply operator()(const CreateDetachedSnapshot& asked) {
    return to_reply(handler.create_detached_snapshot(asked.snapshot));
  }
  Reply operator()(const RekeyVolume& asked) {
    return to_reply(handler.rekey_volume(asked.volume_id, asked.layer, asked.session_id));
  }
  Reply operator()(const ListJobs& asked) {
    return list_page<JobPage>(handler.jobs(), &Job::subject_id, asked.after, kMostJobsListed);
  }
  Reply operator()(const RunJob& asked) {
    return to_reply(handler.run_job(asked.subject_id, asked.session_id));
  }
  Reply operator()(const SetJobRate& asked) { return to_reply(handler.set_job_rate(asked.bytes_per_second)); }
  Reply operator()(const ListBlocks& asked) { return block_list(handler, asked); }
  Reply operator()(const OpenSnapshot& asked) {
    return to_reply(handler.open_snapshot(asked.snapshot_id, asked.session_id));
  }
  Reply operator()(const ReadBlock& asked) {
    if (Status refused = check_piece(asked.offset, asked.length); !refused) return std::move(refused.error());
    auto data = handler.read_block(asked.snapshot_id, asked.block, asked.offset, asked.length);
    if (!data) return std::move(data.error());
    return BlockPiece{std::move(*data)};
  }
  Reply operator()(const WriteBlock& asked) {
    if (Status refused = check_piece(asked.offset, asked.data.size()); !refused)
      return std::move(refused.error());
    return to_reply(handler.write_block(asked.snapshot_id, asked.block, asked.offset, asked.data));
  }
  Reply operator()(const ListNodes& asked) {
    return node_page(handler.list_nodes(asked.after, kMostNodesListed));
  }
  Reply operator()(const ReplaceLayerKey& asked) {
    return to_reply(handler.replace_layer_key(asked.layer_id, asked.before, asked.after));
  }
  Reply operator()(const GetNbdKey&) {
    auto key = handler.nbd_key();
    if (!key) return std::move(key.error());
    return std::move(*key);
  }
  Reply operator()(const SetNbdCertificate& asked) {
    return to_reply(handler.set_nbd_certificate(asked.certificate_der, asked.authority_der));
  }
};

}  // namespace

Reply answer(VolumedHandler& handler, const Request& request) {
  try {
    return std::visit(Answer{handler}, request);
  } catch (const std::exception& error) {
    return Error{ErrorKind::kInternal, error.what()};
  }
}

}  // namespace coffer::control
