// SPDX-License-Identifier: Apache-2.0
#include "catalog/reserved_space.h"

#include "base/log.h"

namespace coffer::catalog {

void ReservedSpace::take() {
  if (taken_) return;
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (taken_ || now < not_before_) return;
  not_before_ = now + kBetweenTries;
  auto file = disk_.open(path_, {.create = true});
  if (!file) return;
  if ((*file)->allocate(0, kSize))
    taken_ = true;
  else
    (void)disk_.remove(path_);
}

bool ReservedSpace::release() {
  const std::lock_guard lock(mutex_);
  if (!taken_) return false;
  taken_ = false;
  not_before_ = std::chrono::steady_clock::now() + kBetweenTries;  // whom it was given up for comes first
  log_warning("the disk is full: the reserved space {} is given up for protective calls", path_);
  return disk_.remove(path_).has_value();
}

}  // namespace coffer::catalog
