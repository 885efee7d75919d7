// SPDX-License-Identifier: Apache-2.0
// What the supervisor sends keyd, in order, with the seal material taken out: it is needed before anything
// else, while channels to others may have come already.
#pragma once
#include <deque>
#include <vector>

#include "base/result.h"
#include "base/supervisor_channel.h"
#include "format/sealed_domain_keys.h"
#include "secret/secret_bytes.h"

namespace coffer::keys {

// One thread; remember() and in_force() from any.
class SupervisorInbox {
 public:
  explicit SupervisorInbox(SupervisorChannel& channel) : channel_(channel) {}

  Result<SupervisorMessage> next();
  // Of this kind, and with these parameters unless null. Reads on as far as `started`. kPermissionDenied when
  // there is none.
  Result<secret::SecretBytes> seal_material(format::SealKind kind, const Bytes* parameters);
  // The supervisor hands it over at the next start.
  Status remember(const secret::SecretBytes& material);
  // The supervisor hands over this and no other; empty: none.
  Status in_force(const secret::SecretBytes& material);

 private:
  Result<bool> take_one();

  SupervisorChannel& channel_;
  std::deque<SupervisorMessage> early_;
  std::vector<secret::SecretBytes> materials_;
  bool started_ = false;
};

}  // namespace coffer::keys
