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
#include <set>
#include <string>

#include "base/disk.h"
#include "base/result.h"
#include "format/hsm_clusters.h"
#include "format/hsm_login_outcome.h"
#include "keys/hsm_process.h"
#include "keys/hsm_turns.h"

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

  // Opens the token anew, also when it is open. A store that was not connected stays closed until the next
  // connect() or remember(): nobody tries its password again.
  format::HsmLoginOutcome connect(const std::string& store_id, const std::string& cluster_id,
                                  const secret::SecretBytes& password);
  // The token is opened by the first call that needs it; nothing for a store that is known.
  void remember(const std::string& store_id, const std::string& cluster_id,
                const secret::SecretBytes& password);
  void disconnect(const std::string& store_id);
  // Known by connect() or remember().
  bool is_known(const std::string& store_id) const;
  // Disconnected, or not connected as it should have been, since this process began.
  bool is_closed(const std::string& store_id) const;

  // One request to the store's token. kUnavailable while the store is not connected; kConflict while its
  // token cannot be reached, or keeps as many calls waiting as a store may have. `repeatable`: it may be sent
  // again to a new process when the first one ended over it.
  Result<secret::SecretBytes> call(const std::string& store_id, const format::sealer::RequestView& request,
                                   bool repeatable);

 private:
  struct Store;
  std::shared_ptr<HsmTurns> logins_to(const std::string& cluster_id) const;
  format::HsmLoginOutcome in_turn(const std::string& cluster_id,
                                  const std::function<format::HsmLoginOutcome()>& work) const;
  void close(const std::string& store_id);
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
  std::map<std::string, std::shared_ptr<Store>> stores_;           // the connected ones
  std::set<std::string> closed_;                                   // is_closed()
  mutable std::map<std::string, std::weak_ptr<HsmTurns>> logins_;  // by cluster; those under way
};

}  // namespace coffer::keys
