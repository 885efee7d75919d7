// SPDX-License-Identifier: Apache-2.0
// Ends what ConnectCustomKeyStore and DisconnectCustomKeyStore began: a store that is CONNECTING becomes
// CONNECTED or FAILED, one that is DISCONNECTING becomes DISCONNECTED. The states are in the catalog, so that
// a restart goes on with them. A keyd that was started anew is told how to log in to the tokens of the stores
// that are connected. One thread.
#pragma once
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "catalog/rows.h"
#include "services/installation.h"

namespace coffer::services::kms {

class KeyStoreWorker {
 public:
  explicit KeyStoreWorker(Installation& installation) : installation_(installation) {}
  ~KeyStoreWorker() { stop(); }
  void start();
  void notify();   // there may be something to do
  void restore();  // keyd was started anew, and knows no login
  void stop();
  // One pass, in the calling thread: for tests that start no thread. False when something must be tried
  // again.
  bool do_all();

 private:
  void run();
  std::string outcome_of_connecting(const catalog::CustomKeyStore& store);
  std::string try_to_connect(const catalog::CustomKeyStore& store);
  bool remember_logins();
  Status settle(const catalog::CustomKeyStore& store, const std::string& state, const std::string& error);

  Installation& installation_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool pending_ = true, stopping_ = false;
  std::atomic<bool> restoring_ = true;
  // What came of log-ins, by key store, until the catalog has it: a wrong password must not be tried again
  // because the disk is full. Used by the one thread.
  std::map<std::string, std::string> outcomes_;
  std::thread thread_;
};

}  // namespace coffer::services::kms
