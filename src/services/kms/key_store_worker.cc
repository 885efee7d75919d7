// SPDX-License-Identifier: Apache-2.0
#include "services/kms/key_store_worker.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "base/log.h"
#include "services/kms/external_key_refusals.h"
#include "services/kms/external_keys.h"
#include "services/kms/key_store_rules.h"
#include "services/service_event.h"

namespace coffer::services::kms {
namespace {

constexpr auto kBeforeAnotherTry = std::chrono::seconds(1);

Result<std::vector<catalog::CustomKeyStore>> in_state(catalog::Catalog& catalog, const char* state) {
  std::vector<catalog::CustomKeyStore> stores;
  COFFER_CHECK(catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.custom_key_stores_in_state(state));
    stores = std::move(rows);
    return {};
  }));
  return stores;
}

services::ServiceEvent event_of(const catalog::CustomKeyStore& store) {
  services::ServiceEvent event;
  event.account = store.account;
  event.region = store.region;
  event.event_source = "kms.amazonaws.com";
  event.event_name = store.connection_state == connection::kDisconnected ? "DisconnectCustomKeyStore"
                                                                         : "ConnectCustomKeyStore";
  event.request_parameters_json =
      fmt::format(R"({{"customKeyStoreId":"{}","connectionState":"{}"}})", store.id, store.connection_state);
  event.invoked_by = "AWS Internal";
  event.error_code = store.connection_error;
  return event;
}

}  // namespace

void KeyStoreWorker::start() {
  thread_ = std::thread([this] { run(); });
}

void KeyStoreWorker::notify() {
  {
    const std::lock_guard lock(mutex_);
    pending_ = true;
  }
  wake_.notify_all();
}

void KeyStoreWorker::restore() {
  restoring_ = true;
  notify();
}

void KeyStoreWorker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void KeyStoreWorker::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait(lock, [this] { return pending_ || stopping_; });
    if (stopping_) return;
    pending_ = false;
    lock.unlock();
    const bool done = do_all();
    lock.lock();
    if (done) continue;
    wake_.wait_for(lock, kBeforeAnotherTry, [this] { return stopping_; });
    pending_ = true;
  }
}

bool KeyStoreWorker::do_all() {
  const bool remembered = !restoring_.exchange(false) || remember_logins();
  if (!remembered) restoring_ = true;
  const auto connecting = in_state(installation_.catalog, connection::kConnecting);
  const auto disconnecting = in_state(installation_.catalog, connection::kDisconnecting);
  if (!connecting || !disconnecting) return false;
  bool done = remembered;
  const auto note = [&](const catalog::CustomKeyStore& store, const Status& settled) {
    if (settled) return;
    log_warning("custom key store {}: {}", store.id, settled.error().message);
    done = false;
  };
  for (const auto& store : *disconnecting) {
    outcomes_.erase(store.id);
    if (installation_.hsm_clusters != nullptr) installation_.hsm_clusters->disconnect(login_of(store));
    note(store, settle(store, connection::kDisconnected, ""));
  }
  for (const auto& store : *connecting) {
    const std::string error = outcome_of_connecting(store);
    const Status settled = settle(store, error.empty() ? connection::kConnected : connection::kFailed, error);
    if (settled) outcomes_.erase(store.id);
    note(store, settled);
  }
  return done;
}

// Proxies may be asked as often as one likes.
std::string KeyStoreWorker::outcome_of_connecting(const catalog::CustomKeyStore& store) {
  if (store.type == kExternalKeyStore) return try_to_connect(store);
  const auto known = outcomes_.find(store.id);
  return known != outcomes_.end() ? known->second
                                  : outcomes_.emplace(store.id, try_to_connect(store)).first->second;
}

// Nothing is opened yet: a token that is away now holds up no start.
bool KeyStoreWorker::remember_logins() {
  if (installation_.hsm_clusters == nullptr) return true;
  const auto connected = in_state(installation_.catalog, connection::kConnected);
  if (!connected) return false;
  bool done = true;
  for (const auto& store : *connected) {
    if (store.type != kCloudHsm) continue;
    const Status remembered = installation_.hsm_clusters->remember(login_of(store));
    if (remembered) continue;
    log_warning("custom key store {}: {}", store.id, remembered.error().message);
    done = false;
  }
  return done;
}

// A ConnectionErrorCode; empty when it answers.
std::string KeyStoreWorker::try_to_connect(const catalog::CustomKeyStore& store) {
  if (store.type == kExternalKeyStore) {
    const auto answers =
        check_proxy(installation_, store, "ConnectCustomKeyStore", make_uuid(installation_.random));
    return answers ? "" : connection_error_of(answers.error());
  }
  auto* clusters = installation_.hsm_clusters;
  if (clusters == nullptr || !clusters->knows(cluster_of(store))) return "CLUSTER_NOT_FOUND";
  return clusters->connect(login_of(store));
}

// Unless it has been disconnected, or deleted, meanwhile.
Status KeyStoreWorker::settle(const catalog::CustomKeyStore& store, const std::string& state,
                              const std::string& error) {
  return installation_.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(present, transaction.custom_key_store(store.id));
    if (!present || present->connection_state != store.connection_state) return {};
    present->connection_state = state;
    present->connection_error = error;
    COFFER_CHECK(transaction.update_custom_key_store(*present));
    return record_service_event(installation_, transaction, event_of(*present));
  });
}

}  // namespace coffer::services::kms
