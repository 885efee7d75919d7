// SPDX-License-Identifier: Apache-2.0
// The custom key stores whose tokens are open: for each a process of its own, made when the store is
// connected and again when it has ended. keyd keeps the password of a connected store in its arena, so that a
// token whose process was killed is open again with the next call that needs it; a password that the token
// refused is forgotten, for a token locks itself after a few.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/disk.h"
#include "base/result.h"
#include "format/hsm_clusters.h"
#include "format/hsm_login_outcome.h"
#include "keys/hsm_process.h"

namespace coffer::keys {

// Thread-safe. Calls about one store do not wait for another's.
class HsmStores {
 public:
  // A channel to a new process of `coffer-sealer --key-store`.
  using StartProcess = std::function<Result<FileDescriptor>()>;

  // `folder`: DIR/keyd, where the clusters' configuration is read again for each log-in. `disk` outlives
  // this.
  HsmStores(Disk& disk, std::string folder, StartProcess start)
      : disk_(disk), folder_(std::move(folder)), start_(std::move(start)) {}

  // Nothing without such a cluster; an error when the configuration cannot be read.
  Result<std::optional<format::HsmCluster>> cluster(const std::string& cluster_id) const;

  // Whether the cluster's token is there and fit, or why not.
  format::HsmLoginOutcome look(const std::string& cluster_id) const;

  // Opens the token anew, also when it is open.
  format::HsmLoginOutcome connect(const std::string& store_id, const std::string& cluster_id,
                                  const secret::SecretBytes& password);
  // The token is opened by the first call that needs it; nothing for a store that is known.
  void remember(const std::string& store_id, const std::string& cluster_id,
                const secret::SecretBytes& password);
  void disconnect(const std::string& store_id);
  bool is_connected(const std::string& store_id) const;

  // One request to the store's token. kUnavailable while the store is not connected; kConflict while its
  // token cannot be reached. `repeatable`: it may be sent again to a new process when the first one ended
  // over it.
  Result<secret::SecretBytes> call(const std::string& store_id, const format::sealer::RequestView& request,
                                   bool repeatable);

 private:
  struct Store;
  std::shared_ptr<Store> find(const std::string& store_id) const;
  format::HsmLoginOutcome open(Store& store, std::chrono::milliseconds patience) const;
  format::HsmLoginOutcome start(const std::string& cluster_id, const secret::SecretBytes& password,
                                std::chrono::milliseconds patience,
                                std::shared_ptr<HsmProcess>& process) const;
  Result<std::shared_ptr<HsmProcess>> process_of(Store& store) const;

  Disk& disk_;
  const std::string folder_;
  const StartProcess start_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Store>> stores_;  // the connected ones
};

}  // namespace coffer::keys
