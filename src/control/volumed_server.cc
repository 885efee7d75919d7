// SPDX-License-Identifier: Apache-2.0
#include "control/volumed_server.h"

#include "base/log.h"

namespace coffer::control {

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
