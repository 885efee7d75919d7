// SPDX-License-Identifier: Apache-2.0
#include "control/client_channel.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <map>
#include <thread>

#include "base/packet_channel.h"

namespace coffer::control {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::seconds kConnectPatience(2);  // for volumed to come back

template <class... Requests>
bool is_one_of_requests(const Request& request) {
  return (std::holds_alternative<Requests>(request) || ...);
}

// A volumed that hangs must not hold callers longer than what they asked for may take: some calls flush,
// erase or open a long chain, everything else is quick.
std::chrono::seconds reply_patience(const Request& request) {
  if (is_one_of_requests<AttachVolume, DetachVolume, DeleteVolume, CreateSnapshots, CompleteSnapshot,
                         DeleteSnapshot, RekeyVolume, OpenSnapshot, RunJob>(request))
    return std::chrono::seconds(60);
  return std::chrono::seconds(is_one_of_requests<GetStatus>(request) ? 3 : 10);
}

Error volumed_is_down() {
  return {ErrorKind::kUnavailable, "volumed does not answer; it may be restarting"};
}

}  // namespace

// One channel and the calls under way on it.
class ClientChannel::Connection {
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

ClientChannel::ClientChannel() = default;
ClientChannel::~ClientChannel() = default;

void ClientChannel::connect(FileDescriptor channel) {
  auto fresh = std::make_shared<Connection>(std::move(channel));
  std::shared_ptr<Connection> old;
  {
    std::lock_guard lock(mutex_);
    old = std::exchange(connection_, std::move(fresh));
    connected_.notify_all();
  }
  if (old) old->close();
}

// A connection that is not broken, as soon as there is one.
std::shared_ptr<ClientChannel::Connection> ClientChannel::wait(SteadyClock::time_point deadline) {
  std::unique_lock lock(mutex_);
  connected_.wait_until(lock, deadline, [this] { return connection_ && !connection_->broken(); });
  return connection_ && !connection_->broken() ? connection_ : nullptr;
}

Result<Reply> ClientChannel::call(const Request& request) {
  const auto deadline = SteadyClock::now() + kConnectPatience;
  while (const auto current = wait(deadline))
    if (auto reply = current->call(request)) return std::move(*reply);
  return tl::unexpected(volumed_is_down());
}

}  // namespace coffer::control
