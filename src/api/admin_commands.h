// SPDX-License-Identifier: Apache-2.0
// The commands of the admin socket. Each is decided by the one authorisation function, its principal the Unix
// user; what changes anything is recorded in the transaction of its change, and so is a refusal.
//   {"command":"account-create","id":"…"} → {"ok":true,"result":{…}} or
//   {"ok":false,"error":{"code":…,"message":…}}
// Commands: docs/CLI.md.
#pragma once
#include <string>

#include "api/admin_server.h"
#include "services/installation.h"

namespace coffer::api {

class Pipeline;
struct ClockControl;

class AdminCommands {
 public:
  // `owner_uid`: the user whose installation it is; the superuser counts as that user.
  // `nbd_endpoint`: where NBD over TLS is served, "HOST:PORT", or empty. `pipeline`: the way of the command
  // "ec2"; without one there is none. `data`: DIR, whose catalog is backed up.
  AdminCommands(Installation& installation, std::string endpoint, uint32_t owner_uid,
                std::string nbd_endpoint = {}, Pipeline* pipeline = nullptr, std::string data = {},
                ClockControl* clock = nullptr)
      : installation_(installation),
        endpoint_(std::move(endpoint)),
        nbd_endpoint_(std::move(nbd_endpoint)),
        owner_uid_(owner_uid),
        pipeline_(pipeline),
        data_(std::move(data)),
        clock_(clock) {}

  // One line in, one line out. Thread-safe; no exception leaves.
  std::string answer(const UnixPeer& peer, const std::string& line);

 private:
  Installation& installation_;
  const std::string endpoint_, nbd_endpoint_;
  const uint32_t owner_uid_;
  Pipeline* const pipeline_;
  const std::string data_;
  ClockControl* const clock_;
};

}  // namespace coffer::api
