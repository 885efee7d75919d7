// SPDX-License-Identifier: Apache-2.0
#include "keys/slow_lane.h"

#include "format/keyd_hsm_protocol.h"
#include "secret/registers.h"

namespace coffer::keys {
namespace {

namespace protocol = format::keyd;

template <class Body>
bool names_rsa(ByteView body) {
  const auto parsed = protocol::parse_body<Body>(body);
  return parsed && format::is_rsa(parsed->spec);
}

bool makes_rsa_key(const protocol::Request& request) {
  switch (request.operation) {
    case protocol::Operation::kCreateKeyMaterial:
      return names_rsa<protocol::CreateKeyMaterial>(request.body);
    case protocol::Operation::kGenerateDataKeyPair:
    case protocol::Operation::kGenerateDataKeyPairWithoutPlaintext:
      return names_rsa<protocol::GenerateDataKeyPair>(request.body);
    case protocol::Operation::kImportKeyMaterial:  // checks the primes of a foreign key
    case protocol::Operation::kCreateImportParameters:
      return true;
    default:
      return false;
  }
}

bool changes_sealed_keys(protocol::Operation operation) {
  switch (operation) {
    case protocol::Operation::kAddDomainKey:
    case protocol::Operation::kRetireDomainKeys:
    case protocol::Operation::kChangeSeal:
    case protocol::Operation::kExportDomainKeys:
      return true;
    default:
      return false;
  }
}

}  // namespace

Speed speed_of(ByteView packet) {
  const auto request = protocol::parse_request(packet);
  if (!request) return Speed::kFast;
  if (protocol::concerns_hsm(*request)) return Speed::kWaitsForToken;
  if (changes_sealed_keys(request->operation)) return Speed::kChangesSealedKeys;
  return makes_rsa_key(*request) ? Speed::kMakesRsaKey : Speed::kFast;
}

SlowLane::~SlowLane() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  for (auto& thread : threads_) thread.join();
}

bool SlowLane::add(secret::SecretBytes packet) {
  const std::lock_guard lock(mutex_);
  while (threads_.size() < width_.threads) threads_.emplace_back([this] { run(); });
  if (waiting_.size() >= width_.most_waiting) return false;
  waiting_.push_back(std::move(packet));
  changed_.notify_one();
  return true;
}

void SlowLane::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const secret::SecretBytes packet = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work_(packet);
    secret::wipe_vector_registers();
    lock.lock();
  }
}

}  // namespace coffer::keys
