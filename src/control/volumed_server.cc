// SPDX-License-Identifier: Apache-2.0
#include "control/volumed_server.h"

#include <algorithm>

#include "base/log.h"

namespace coffer::control {
namespace {

Reply to_reply(Status status) {
  if (!status) return std::move(status.error());
  return Done{};
}

template <class T>
Reply to_reply(Result<T> result) {
  if (!result) return std::move(result.error());
  return std::move(*result);
}

StatusPage status_page(VolumedStatus status, const std::string& after) {
  auto& attached = status.attached;
  std::erase_if(attached, [&](const AttachedVolume& volume) { return volume.volume_id <= after; });
  std::ranges::sort(attached, {}, &AttachedVolume::volume_id);
  StatusPage page{std::move(status), false};
  page.more = page.status.attached.size() > kMostVolumesDescribed;
  if (page.more) page.status.attached.resize(kMostVolumesDescribed);
  return page;
}

VolumePage volume_page(std::vector<std::string> ids, const std::string& after) {
  std::erase_if(ids, [&](const std::string& id) { return id <= after; });
  std::ranges::sort(ids);
  const bool more = ids.size() > kMostVolumesListed;
  if (more) ids.resize(kMostVolumesListed);
  return {std::move(ids), more};
}

struct Answer {
  VolumedHandler& handler;

  Reply operator()(const GetStatus& asked) { return status_page(handler.status(), asked.after); }
  Reply operator()(const CreateVolume& asked) { return to_reply(handler.create_volume(asked.volume)); }
  Reply operator()(const DeleteVolume& asked) { return to_reply(handler.delete_volume(asked.volume_id)); }
  Reply operator()(const ListVolumes& asked) {
    auto ids = handler.list_volumes();
    if (!ids) return std::move(ids.error());
    return volume_page(std::move(*ids), asked.after);
  }
  Reply operator()(const PrepareAttachment& asked) {
    return to_reply(handler.prepare_attachment(asked.volume_id, asked.attachment_id));
  }
  Reply operator()(const AttachVolume& asked) {
    return to_reply(handler.attach(asked.volume_id, asked.attachment_id, asked.box));
  }
  Reply operator()(const DetachVolume& asked) {
    return to_reply(handler.detach(asked.volume_id, asked.force));
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

VolumedServer::VolumedServer(FileDescriptor channel, VolumedHandler& handler)
    : channel_(std::move(channel)), handler_(handler) {
  running_ = kWorkers + 1;
  threads_.emplace_back([this] { receive(), --running_; });
  for (size_t i = 0; i < kWorkers; ++i) threads_.emplace_back([this] { work(), --running_; });
}

VolumedServer::~VolumedServer() {
  channel_.shutdown();
  for (std::thread& thread : threads_) thread.join();
}

void VolumedServer::receive() {
  while (true) {
    auto packet = channel_.receive();
    if (!packet && packet.error().kind == ErrorKind::kUnavailable) break;
    if (!packet) continue;  // larger than any message of ours
    auto request = parse_request(packet->bytes);
    if (!request) {
      log_warning("a request of apid is refused: {}", request.error().message);
      if (const auto number = request_number(packet->bytes)) reply(*number, std::move(request.error()));
      continue;
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return queue_.size() < kLongestQueue; });
    queue_.push_back(std::move(*request));
    changed_.notify_all();
  }
  std::lock_guard lock(mutex_);
  closed_ = true;
  queue_.clear();  // nobody is there any more to hear the answers
  changed_.notify_all();
}

void VolumedServer::work() {
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const NumberedRequest next = std::move(queue_.front());
    queue_.pop_front();
    changed_.notify_all();
    lock.unlock();
    reply(next.number, answer(handler_, next.request));
  }
}

void VolumedServer::reply(uint64_t number, const Reply& reply) {
  auto bytes = write_reply(number, reply);
  if (!bytes) bytes = write_reply(number, bytes.error());
  if (!bytes) return;
  std::lock_guard lock(sending_);
  if (const Status sent = channel_.send(*bytes); !sent)
    log_debug("a reply was not sent: {}", sent.error().message);
}

}  // namespace coffer::control
