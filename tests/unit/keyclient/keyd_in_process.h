// SPDX-License-Identifier: Apache-2.0
// keyd's server on real channels, without its process: what the tests of the client and of a compromised apid
// use.
#pragma once
#include <memory>

#include "base/clock.h"
#include "base/packet_channel.h"
#include "crypto/random.h"
#include "keys/server.h"

namespace coffer::keyclient {

class KeydInProcess {
 public:
  explicit KeydInProcess(keys::HsmStores* hsm_stores = nullptr) {
    const secret::SecretBytes key = crypto::random_secret(32);
    domain_keys_.add(1, key.clone());
    keys::DomainKeys its_own;
    its_own.add(1, key.clone());
    operations_ = std::make_unique<keys::Operations>(std::move(its_own), "key file /somewhere",
                                                     system_clock(), hsm_stores);
    server_ = std::make_unique<keys::Server>(*operations_);
  }
  // The other end of a channel that `process` holds.
  FileDescriptor channel_for(const std::string& process, const std::string& host_id) {
    auto pair = make_channel_pair();
    if (!server_->serve(process, host_id, std::move(pair->first))) return {};
    return std::move(pair->second);
  }
  const keys::DomainKeys& domain_keys() const { return domain_keys_; }  // of the start
  void stop() { server_.reset(); }
  void start() { server_ = std::make_unique<keys::Server>(*operations_); }

 private:
  keys::DomainKeys domain_keys_;
  std::unique_ptr<keys::Operations> operations_;
  std::unique_ptr<keys::Server> server_;
};

}  // namespace coffer::keyclient
