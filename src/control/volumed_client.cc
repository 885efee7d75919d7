// SPDX-License-Identifier: Apache-2.0
#include "control/volumed_client.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>

#include "base/packet_channel.h"
#include "control/messages.h"

namespace coffer::control {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::seconds kConnectPatience(2);  // for volumed to come back

// A volumed that hangs must not hold callers longer than what they asked for may take: a detach flushes, a
// deletion erases, everything else is quick.
std::chrono::seconds reply_patience(const Request& request) {
  if (std::holds_alternative<DetachVolume>(request) || std::holds_alternative<DeleteVolume>(request))
    return std::chrono::seconds(60);
  return std::chrono::seconds(std::holds_alternative<GetStatus>(request) ? 3 : 10);
}

Error volumed_is_down() {
  return {ErrorKind::kUnavailable, "volumed does not answer; it may be restarting"};
}

// One channel and the calls under way on it. The calls of several threads are told apart by their numbers.
class Connection {
 public:
  explicit Connection(FileDescriptor socket) : channel_(std::move(socket)) {
    const timeval patience{10, 0};  // a volumed that has stopped reading must not stop us
    ::setsockopt(channel_.descriptor(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    reader_ = std::thread([this] { read_replies(); });
  }
  ~Connection() {
    channel_.shutdown();
    reader_.join();
  }

  void close() { channel_.shutdown(); }
  bool broken() {
    std::lock_guard lock(mutex_);
    return broken_;
  }

  // Nothing when the request was never sent, so that it may be sent on another channel.
  std::optional<Result<Reply>> call(const Request& request) {
    std::unique_lock lock(mutex_);
    if (broken_) return std::nullopt;
    const uint64_t number = ++last_number_;
    const auto bytes = write_request(number, request);
    if (!bytes) return Result<Reply>(tl::unexpected(bytes.error()));
    const auto waiting = waiting_.emplace(number, std::nullopt).first;
    lock.unlock();

    Status sent;
    {
      std::lock_guard one_sender(sending_);
      sent = channel_.send(*bytes);
    }
    lock.lock();
    if (!sent) {
      waiting_.erase(waiting);
      broken_ = true;
      return std::nullopt;
    }
    arrived_.wait_for(lock, reply_patience(request), [&] { return broken_ || waiting->second; });
    std::optional<Reply> reply = std::move(waiting->second);
    waiting_.erase(waiting);
    if (!reply) return Result<Reply>(tl::unexpected(volumed_is_down()));
    return Result<Reply>(std::move(*reply));
  }

 private:
  void read_replies() {
    while (true) {
      auto packet = channel_.receive();
      if (!packet) break;
      auto reply = parse_reply(packet->bytes);
      if (!reply) break;  // the two no longer understand each other
      std::lock_guard lock(mutex_);
      const auto waiting = waiting_.find(reply->number);
      if (waiting != waiting_.end()) waiting->second = std::move(reply->reply);
      arrived_.notify_all();
    }
    channel_.shutdown();
    std::lock_guard lock(mutex_);
    broken_ = true;
    arrived_.notify_all();
  }

  PacketChannel channel_;
  std::mutex sending_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<uint64_t, std::optional<Reply>> waiting_;  // under mutex_, as the rest
  uint64_t last_number_ = 0;
  bool broken_ = false;
  std::thread reader_;
};

}  // namespace

struct VolumedClient::Channel {
  std::mutex mutex;
  std::condition_variable connected;
  std::shared_ptr<Connection> connection;  // under mutex

  // A connection that is not broken, as soon as there is one.
  std::shared_ptr<Connection> wait(SteadyClock::time_point deadline) {
    std::unique_lock lock(mutex);
    connected.wait_until(lock, deadline, [this] { return connection && !connection->broken(); });
    return connection && !connection->broken() ? connection : nullptr;
  }

  Result<Reply> call(const Request& request) {
    const auto deadline = SteadyClock::now() + kConnectPatience;
    while (const auto current = wait(deadline))
      if (auto reply = current->call(request)) return std::move(*reply);
    return tl::unexpected(volumed_is_down());
  }

  template <class Expected>
  Result<Expected> ask(const Request& request) {
    COFFER_TRY(reply, call(request));
    if (auto* error = std::get_if<Error>(&reply)) return tl::unexpected(std::move(*error));
    if (auto* expected = std::get_if<Expected>(&reply)) return std::move(*expected);
    return fail(ErrorKind::kInternal, "volumed sent a reply of another kind");
  }
};

VolumedClient::VolumedClient() : channel_(std::make_unique<Channel>()) {}
VolumedClient::~VolumedClient() = default;

void VolumedClient::connect(FileDescriptor channel) {
  auto fresh = std::make_shared<Connection>(std::move(channel));
  std::shared_ptr<Connection> old;
  {
    std::lock_guard lock(channel_->mutex);
    old = std::exchange(channel_->connection, std::move(fresh));
    channel_->connected.notify_all();
  }
  // Calls under way on the old channel end with kUnavailable.
  if (old) old->close();
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
  COFFER_CHECK(channel_->ask<Done>(CreateVolume{volume}));
  return {};
}

Status VolumedClient::delete_volume(const std::string& volume_id) {
  COFFER_CHECK(channel_->ask<Done>(DeleteVolume{volume_id}));
  return {};
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

Result<PreparedAttachment> VolumedClient::prepare_attachment(const std::string& volume_id,
                                                             const std::string& attachment_id) {
  return channel_->ask<PreparedAttachment>(PrepareAttachment{volume_id, attachment_id});
}

Result<AttachedVolume> VolumedClient::attach(const std::string& volume_id, const std::string& attachment_id,
                                             ByteView box) {
  return channel_->ask<AttachedVolume>(AttachVolume{volume_id, attachment_id, to_bytes(box)});
}

Status VolumedClient::detach(const std::string& volume_id, bool force) {
  COFFER_CHECK(channel_->ask<Done>(DetachVolume{volume_id, force}));
  return {};
}

}  // namespace coffer::control
