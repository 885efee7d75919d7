// SPDX-License-Identifier: Apache-2.0
#include "host/attachments.h"

#include <algorithm>
#include <thread>

#include "base/log.h"
#include "crypto/cipher_policy.h"
#include "secret/arena.h"
#include "secret/registers.h"

namespace coffer::host {
namespace {

constexpr std::chrono::milliseconds kEnrolmentPatience(5000);
constexpr std::string_view kSocketSuffix = ".sock";

Status remove_stale_sockets(Disk& disk, const std::string& folder) {
  COFFER_TRY(names, disk.list(folder));
  for (const std::string& name : names)
    if (name.ends_with(kSocketSuffix)) COFFER_CHECK(disk.remove(folder + "/" + name));
  return {};
}

// The calling thread goes back to waiting for apid: what it copied of a key must not stay in its registers.
struct WipeRegistersAtEnd {
  ~WipeRegistersAtEnd() { secret::wipe_vector_registers(); }
};

}  // namespace

Result<std::unique_ptr<Attachments>> Attachments::open(Disk& disk, Random& random, const HostFolders& folders,
                                                       std::string host_id, KeyRecipient& recipient,
                                                       const HostOptions& options) {
  COFFER_TRY(store, volume::VolumeStore::open_store(disk, folders.volumes, host_id));
  COFFER_CHECK(remove_stale_sockets(disk, folders.sockets));
  return std::unique_ptr<Attachments>(
      new Attachments(std::move(store), random, folders.sockets, std::move(host_id), recipient, options));
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

control::VolumedStatus Attachments::status() {
  control::VolumedStatus status{.host_id = host_id_,
                                .arena = std::string(secret::to_string(secret::arena_kind())),
                                .cipher = "AES-256-XTS (" + crypto::xts_provider() + ")",
                                .io = options_.io,
                                .attached = {}};
  std::lock_guard lock(mutex_);
  for (const auto& [id, attached] : attached_) status.attached.push_back(describe(*attached));
  return status;
}

Status Attachments::create_volume(const control::NewVolume& volume) {
  std::lock_guard lock(lock_of(volume.volume_id));
  if (!volume.snapshot_id.empty()) return unsupported();
  return store_->create({volume.volume_id,
                         volume.size_bytes,
                         {volume.layer.layer_id, volume.layer.wrapped_key, volume.layer.key_context},
                         {},
                         false});
}

Status Attachments::delete_volume(const std::string& volume_id) {
  std::lock_guard lock(lock_of(volume_id));
  if (find(volume_id)) return fail(ErrorKind::kConflict, "volume " + volume_id + " is attached");
  return store_->remove(volume_id);
}

Result<std::vector<std::string>> Attachments::list_volumes() {
  return store_->list();
}

Result<control::PreparedKeys> Attachments::prepare_keys(const std::string& subject_id,
                                                        const std::string& session_id) {
  COFFER_TRY(encrypted, store_->layers_of(subject_id));
  if (!encrypted.empty() && !recipient_.wait_until_enrolled(kEnrolmentPatience))
    return fail(ErrorKind::kUnavailable, "keyd does not know this host yet; it may be restarting");
  std::vector<control::NewLayer> layers;
  for (auto& layer : encrypted)
    layers.push_back({layer.layer_id, std::move(layer.wrapped_key), layer.key_context});
  return sessions_.begin(subject_id, session_id, std::move(layers), std::chrono::steady_clock::now());
}

Result<control::PreparedKeys> Attachments::prepared_keys(const std::string& subject_id,
                                                         const std::string& session_id) {
  return sessions_.prepared(subject_id, session_id, std::chrono::steady_clock::now());
}

Status Attachments::deliver_keys(const std::string& subject_id, const std::string& session_id, ByteView box) {
  const WipeRegistersAtEnd wipe_at_end;
  return sessions_.deliver(subject_id, session_id, box, std::chrono::steady_clock::now());
}

Result<std::vector<volume::LayerKey>> Attachments::take_keys(const std::string& volume_id,
                                                             const std::string& attachment_id) {
  auto keys = sessions_.take(volume_id, attachment_id, std::chrono::steady_clock::now());
  COFFER_TRY(encrypted, store_->layers_of(volume_id));
  if (encrypted.empty()) return std::vector<volume::LayerKey>();
  if (!keys)
    return fail(ErrorKind::kConflict,
                "the attachment was not prepared, or too long ago; it has to start again");
  return std::move(*keys);
}

Result<std::unique_ptr<exporting::NbdServer>> Attachments::serve(std::shared_ptr<volume::Volume> volume) {
  const std::string id = volume->id();
  const std::string description =
      volume->encrypted() ? "Coffer volume, encrypted" : "Coffer volume, not encrypted";
  const exporting::NbdExport served{id, description, std::move(volume)};
  COFFER_TRY(server, exporting::NbdServer::start(served, sockets_ + "/" + id + std::string(kSocketSuffix),
                                                 options_.limits));
  exports_.add(served);
  return server;
}

Result<control::AttachedVolume> Attachments::attach(const std::string& volume_id,
                                                    const std::string& attachment_id) {
  const WipeRegistersAtEnd wipe_at_end;
  std::lock_guard lock(lock_of(volume_id));
  if (const auto existing = find(volume_id)) {
    if (existing->attachment_id == attachment_id) return describe(*existing);
    return fail(ErrorKind::kConflict,
                "volume " + volume_id + " is attached already, as " + existing->attachment_id);
  }
  const auto made = std::make_shared<Attached>();
  made->attachment_id = attachment_id;
  {
    COFFER_TRY(keys, take_keys(volume_id, attachment_id));
    COFFER_TRY(volume, store_->open(volume_id, keys));
    made->volume = std::move(volume);
  }
  COFFER_TRY(server, serve(made->volume));
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

Status Attachments::close(Attached& attached, bool force) {
  // First while it is still served: a flush that fails leaves a volume that can be read.
  if (const Status flushed = attached.volume->flush(); !flushed && !force) return flushed;
  exports_.remove(attached.volume->id());
  attached.server->stop();
  const Status flushed = attached.volume->flush();
  if (flushed || force) return {};
  COFFER_TRY(server, serve(attached.volume));
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
  log_info("{} is detached", volume_id);
  return {};
}

Result<control::NbdKey> Attachments::nbd_key() {
  if (options_.nbd_identity == nullptr) return control::NbdKey{};
  return control::NbdKey{options_.nbd_identity->public_key_der()};
}

Status Attachments::set_nbd_certificate(ByteView certificate_der, ByteView authority_der) {
  const WipeRegistersAtEnd wipe_at_end;
  if (options_.nbd_identity == nullptr)
    return VolumedHandler::set_nbd_certificate(certificate_der, authority_der);
  return options_.nbd_identity->set_certificate(certificate_der, authority_der);
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
