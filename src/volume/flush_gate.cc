// SPDX-License-Identifier: Apache-2.0
#include "volume/flush_gate.h"

#include "volume/layer.h"

namespace coffer::volume {

Status FlushGate::check() const {
  if (!failed_.load(std::memory_order_acquire)) return {};
  const std::lock_guard lock(failure_mutex_);
  return tl::unexpected(*failure_);
}

Status FlushGate::flush(Durability durability) {
  const uint64_t ticket = arrived_.fetch_add(1) + 1;
  const std::lock_guard lock(mutex_);
  COFFER_CHECK(check());
  const uint64_t served = durability == Durability::kStates ? states_served_ : data_served_;
  if (served >= ticket) return {};
  const uint64_t covered = arrived_.load();  // they arrived before the freeze, so what they wait for is in it
  COFFER_CHECK(run(durability));
  data_served_ = covered;
  if (durability == Durability::kStates) states_served_ = covered;
  return {};
}

Status FlushGate::exclude(const std::function<Status()>& action) {
  const std::lock_guard lock(mutex_);
  return action();
}

// The crash rule, step by step.
Status FlushGate::run(Durability durability) {
  if (Status status = layer_.check_fence(); !status) {
    // A header that cannot be read right now loses nothing: only being fenced off is final.
    if (status.error().kind != ErrorKind::kConflict) return status;
    return refuse(std::move(status.error()));
  }
  // 1. Freeze before the data fsync begins: these states' data was written before, so the fsync covers it. A
  // state
  //    set later waits for the next flush.
  const FrozenStates frozen = durability == Durability::kStates ? layer_.freeze() : FrozenStates{};
  // 2. The data.
  if (Status status = layer_.flush_data(); !status) return refuse(std::move(status.error()));
  // 3. Only then the states that speak of it.
  if (Status status = layer_.persist(frozen); !status) return refuse(std::move(status.error()));
  // 4. Holes last: their zeros are durable now.
  layer_.punch(frozen);
  layer_.settle(frozen);
  return {};
}

tl::unexpected<Error> FlushGate::refuse(Error error) {
  if (error.kind != ErrorKind::kConflict) {
    layer_.note_loss();
    error = {ErrorKind::kIo, "a flush failed, so the volume takes no more writes: " + error.message};
  }
  const std::lock_guard lock(failure_mutex_);
  failure_ = error;
  failed_.store(true, std::memory_order_release);
  return tl::unexpected(std::move(error));
}

}  // namespace coffer::volume
