// SPDX-License-Identifier: Apache-2.0
#include "host/attachments.h"

#include <algorithm>
#include <thread>

#include "base/log.h"

namespace coffer::host {
namespace {

constexpr std::string_view kSocketSuffix = ".sock";

}  // namespace

Status Attachments::remove_stale_sockets(Disk& disk, const std::string& folder) {
  COFFER_TRY(names, disk.list(folder));
  for (const std::string& name : names)
    if (name.ends_with(kSocketSuffix)) COFFER_CHECK(disk.remove(folder + "/" + name));
  return {};
}

std::mutex& Attachments::lock_of(const std::string& volume_id) {
  return volume_locks_[std::hash<std::string>{}(volume_id) % volume_locks_.size()];
}

Attachments::AttachedPointer Attachments::find(const std::string& volume_id) {
  std::lock_guard lock(mutex_);
  const auto found = attached_.find(volume_id);
  return found == attached_.end() ? nullptr : found->second;
}

control::AttachedVolume Attachments::describe(const Attached& attached) const {
  const volume::Volume& volume = *attached.volume;
  return {.volume_id = volume.id(),
          .attachment_id = attached.attachment_id,
          .socket_path = attached.server->path(),
          .size_bytes = volume.size(),
          .encrypted = volume.encrypted(),
          .clients = attached.server->clients() + exports_.clients(volume.id()),
          .failure = volume.failure()};
}

std::vector<control::AttachedVolume> Attachments::list() {
  std::lock_guard lock(mutex_);
  std::vector<control::AttachedVolume> list;
  for (const auto& [id, attached] : attached_) list.push_back(describe(*attached));
  return list;
}

std::optional<control::AttachedVolume> Attachments::served(const std::string& volume_id,
                                                           const std::string& attachment_id) {
  const auto existing = find(volume_id);
  if (!existing || existing->attachment_id != attachment_id) return std::nullopt;
  std::lock_guard lock(mutex_);
  return describe(*existing);
}

Result<std::unique_ptr<exporting::NbdServer>> Attachments::serve(const Attached& attached) {
  const std::string& id = attached.volume->id();
  const std::string description =
      attached.volume->encrypted() ? "Coffer volume, encrypted" : "Coffer volume, not encrypted";
  const exporting::NbdExport served{id, description, attached.watched};
  COFFER_TRY(server, exporting::NbdServer::start(served, sockets_ + "/" + id + std::string(kSocketSuffix),
                                                 options_.limits));
  exports_.add(served);
  return server;
}

Result<control::AttachedVolume> Attachments::attach(const std::string& volume_id,
                                                    const std::string& attachment_id,
                                                    const volume::LayerKeys& keys) {
  std::lock_guard lock(lock_of(volume_id));
  if (auto again = served(volume_id, attachment_id)) return std::move(*again);
  if (const auto existing = find(volume_id))
    return fail(ErrorKind::kConflict,
                "volume " + volume_id + " is attached already, as " + existing->attachment_id);
  const auto made = std::make_shared<Attached>();
  made->attachment_id = attachment_id;
  COFFER_TRY(volume, store_.open(volume_id, keys));
  made->volume = std::move(volume);
  std::shared_ptr<volume::BlockDevice> device = made->volume;
  if (options_.throttle)
    device = made->throttled =
        std::make_shared<volume::ThrottledDevice>(device, limits_of(volume_id), clock_);
  made->watched = std::make_shared<WatchedDevice>(std::move(device));
  COFFER_TRY(server, serve(*made));
  made->server = std::move(server);

  std::lock_guard insert(mutex_);
  if (closed_) {
    exports_.remove(volume_id);
    return fail(ErrorKind::kUnavailable, "volumed is stopping");
  }
  attached_.emplace(volume_id, made);
  log_info("{} is served at {}", volume_id, made->server->path());
  return describe(*made);
}

volume::ThrottleLimits Attachments::limits_of(const std::string& volume_id) {
  std::lock_guard lock(mutex_);
  const auto found = limits_.find(volume_id);
  return found == limits_.end() ? volume::ThrottleLimits() : found->second;
}

void Attachments::set_limits(const std::string& volume_id, const volume::ThrottleLimits& limits) {
  std::lock_guard lock(lock_of(volume_id));  // so that an attachment under way gets them, too
  std::lock_guard change(mutex_);
  limits_[volume_id] = limits;
  const auto found = attached_.find(volume_id);
  if (found != attached_.end() && found->second->throttled) found->second->throttled->set_limits(limits);
}

Status Attachments::while_detached(const std::string& volume_id, const std::function<Status()>& change) {
  std::lock_guard lock(lock_of(volume_id));
  if (find(volume_id)) return fail(ErrorKind::kConflict, "volume " + volume_id + " is attached");
  {
    std::lock_guard forget(mutex_);
    limits_.erase(volume_id);
  }
  return change();
}

bool Attachments::used() {
  std::lock_guard lock(mutex_);
  bool used = false;
  for (const auto& [id, attached] : attached_) used = attached->watched->used() || used;
  return used;
}

void Attachments::flush_idle() {
  for (const control::AttachedVolume& each : list()) {
    std::lock_guard lock(lock_of(each.volume_id));  // so that its keys are not held beyond a detach
    const auto attached = find(each.volume_id);
    if (!attached || !attached->watched->left_unflushed()) continue;
    if (const Status flushed = attached->volume->flush(); !flushed)
      log_error("{}: {}", each.volume_id, flushed.error().message);
  }
}

Status Attachments::close(Attached& attached, bool force) {
  // First while it is still served: a flush that fails leaves a volume that can be read.
  if (const Status flushed = attached.volume->flush(); !flushed && !force) return flushed;
  exports_.remove(attached.volume->id());
  attached.server->stop();
  const Status flushed = attached.volume->flush();
  if (flushed || force) return {};
  COFFER_TRY(server, serve(attached));
  std::lock_guard lock(mutex_);
  attached.server = std::move(server);
  return flushed;
}

Status Attachments::detach(const std::string& volume_id, bool force) {
  std::lock_guard lock(lock_of(volume_id));
  const auto attached = find(volume_id);
  if (!attached) return {};
  if (const Status closed = close(*attached, force); !closed) {
    log_error("{} stays attached: {}", volume_id, closed.error().message);
    return fail(ErrorKind::kIo, "the last flush failed: " + closed.error().message);
  }
  std::lock_guard remove(mutex_);
  attached_.erase(volume_id);
  limits_.erase(volume_id);
  log_info("{} is detached", volume_id);
  return {};
}

void Attachments::close_all() {
  std::map<std::string, AttachedPointer> all;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    all = attached_;
  }
  std::vector<std::thread> closing;
  for (const auto& [id, attached] : all)
    closing.emplace_back([this, id = id] {
      if (detach(id, false)) return;
      log_error("{} is given up with writes that were not flushed", id);
      (void)detach(id, true);
    });
  for (std::thread& thread : closing) thread.join();
}

}  // namespace coffer::host
