// SPDX-License-Identifier: Apache-2.0
#include "services/kms/key_worker.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "services/arn.h"
#include "services/key_usage.h"
#include "services/kms/continuous_backup.h"
#include "services/kms/domain_key_rotation.h"
#include "services/kms/external_keys.h"
#include "services/kms/imported_material.h"
#include "services/kms/key_life.h"
#include "services/kms/key_states.h"
#include "services/kms/key_store_rules.h"
#include "services/kms/keys_in_stores.h"
#include "services/service_event.h"

namespace coffer::services::kms {
namespace {

// Dates are looked at this often, whatever a timer would have missed while the machine slept.
constexpr auto kBetweenLooks = std::chrono::seconds(30);
constexpr auto kBeforeAnotherTry = std::chrono::milliseconds(500);

template <class Rows>
Result<Rows> read_rows(catalog::Catalog& catalog,
                       const std::function<Result<Rows>(catalog::Transaction&)>& read) {
  Rows rows;
  COFFER_CHECK(catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, read(transaction));
    rows = std::move(found);
    return {};
  }));
  return rows;
}
using Keys = std::vector<catalog::Key>;

ServiceEvent event_of(const catalog::Key& key, const char* name, std::string details = {}) {
  ServiceEvent event;
  event.account = key.account;
  event.region = key.region;
  event.event_source = "kms.amazonaws.com";
  event.event_name = name;
  event.request_parameters_json = std::move(details);
  event.resource_arns = {key_arn(key.region, key.account, key.id)};
  event.invoked_by = "AWS Internal";
  return event;
}

// New material, as a token for each region that has the key.
Result<std::vector<catalog::BackingKey>> new_material(keyclient::KeydClient& keyd, const catalog::Key& key,
                                                      const Keys& copies) {
  const uint32_t version = key.current_version + 1;
  COFFER_TRY(token, keyd.create_backing_key({key.account, key.region, key.id}, version));
  const keyclient::WrappedBackingKey made{{key.account, key.region, key.id}, version, token};
  std::vector<catalog::BackingKey> tokens;
  for (const catalog::Key& copy : copies) {
    Bytes its_token = token;
    if (copy.region != key.region) {
      COFFER_TRY(bound, keyd.replicate_backing_key(made, copy.region));
      its_token = std::move(bound);
    }
    tokens.push_back({key.id, version, std::move(its_token), copy.region, {}, {}});
  }
  return tokens;
}

// The keys' rows once `key` has been rotated.
Keys rotated_rows(const catalog::Key& key, Keys copies, Timestamp now) {
  for (catalog::Key& copy : copies) {
    ++copy.current_version;
    if (copy.region != key.region) continue;
    if (key.on_demand_rotation_started)
      copy.on_demand_rotation_started.reset();
    else
      copy.next_rotation = next_rotation(copy, now);
  }
  return copies;
}

using Destroyed = std::vector<catalog::DestroyedKey>;
Result<Destroyed> destroyed_keys(catalog::Catalog& catalog) {
  return read_rows<Destroyed>(catalog, [](auto& transaction) { return transaction.destroyed_keys(); });
}

bool same_copies(const Keys& one, const Keys& other) {
  return std::ranges::equal(one, other, {}, &catalog::Key::region, &catalog::Key::region);
}

// The last key beside a primary that waits to be deleted is gone: its own time begins.
Status start_window_of_primary(catalog::Transaction& transaction, const catalog::Key& gone, Timestamp now) {
  COFFER_TRY(left, transaction.keys_of_id(gone.id));
  if (left.size() != 1 || left.front().state != key_state::kPendingReplicaDeletion) return {};
  schedule_deletion(left.front(), false, Days(left.front().deletion_window_days), now);
  return transaction.update_key(left.front());
}

// A token may be away, or its key store disconnected: the object goes when it can be reached.
Status note_object_in_token(catalog::Transaction& transaction, const catalog::Key& key) {
  if (key.custom_key_store_id.empty()) return {};
  COFFER_TRY(store, transaction.custom_key_store(key.custom_key_store_id));
  COFFER_TRY(material, transaction.backing_key(key.region, key.id, key.current_version));
  if (!store || store->type != kCloudHsm || !material) return {};
  return transaction.insert_key_left_in_token(left_in_token(*store, key, *material));
}

}  // namespace

void KeyWorker::start() {
  pending_ = true;
  thread_ = std::thread([this] { run(); });
}

void KeyWorker::notify() {
  const std::lock_guard lock(mutex_);
  pending_ = true;
  wake_.notify_one();
}

void KeyWorker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
    settled_.notify_all();
  }
  if (!thread_.joinable()) return;
  thread_.join();
  if (const auto written = installation_.key_usage->write(installation_.catalog); !written)
    log_warning("what is known of the use of keys was not written: {}", written.error().message);
}

Status KeyWorker::settle(std::chrono::seconds patience) {
  std::unique_lock lock(mutex_);
  const uint64_t mine = ++asked_;
  pending_ = true;
  wake_.notify_one();
  if (settled_.wait_for(lock, patience, [&] { return answered_ >= mine || stopping_; })) return {};
  return fail(ErrorKind::kUnavailable, "the work on keys that is due goes on in the background");
}

void KeyWorker::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!pending_) wake_.wait_for(lock, kBetweenLooks, [this] { return pending_ || stopping_; });
    if (stopping_) return;
    pending_ = false;
    const uint64_t asked = asked_;
    lock.unlock();
    const bool done = do_all();
    lock.lock();
    if (done) {
      answered_ = asked;
      settled_.notify_all();
    } else if (!stopping_) {
      wake_.wait_for(lock, kBeforeAnotherTry, [this] { return stopping_; });
      pending_ = true;
    }
  }
}

bool KeyWorker::do_all() {
  const Timestamp now = installation_.clock.now();
  auto& catalog = installation_.catalog;
  const auto in_state = [&](const char* state) {
    return read_rows<Keys>(catalog, [&](auto& transaction) { return transaction.keys_in_state(state); });
  };
  bool done = do_each("created", in_state(key_state::kCreating), &KeyWorker::finish_creation);
  done &= do_each(
      "rotated", read_rows<Keys>(catalog, [&](auto& transaction) { return transaction.keys_to_rotate(now); }),
      &KeyWorker::rotate);
  done &= expire_materials();
  done &= do_each("deleted", in_state(key_state::kPendingDeletion), &KeyWorker::destroy_if_due);
  done &= finish_destructions();
  clear_tokens();
  const auto written = installation_.key_usage->write(catalog);
  if (!written)
    log_warning("what is known of the use of keys is not written yet: {}", written.error().message);
  return done;
}

bool KeyWorker::do_each(const char* what, Result<Keys> keys, Status (KeyWorker::*step)(const catalog::Key&)) {
  if (!keys) {
    log_error("cannot list the keys that are to be {}: {}", what, keys.error().message);
    return false;
  }
  bool done = true;
  for (const catalog::Key& key : *keys) {
    const Status status = (this->*step)(key);
    if (status) continue;
    log_warning("key {} in {} is not {} for now: {}", key.id, key.region, what, status.error().message);
    done = false;
  }
  return done;
}

Status KeyWorker::finish_creation(const catalog::Key& replica) {
  return installation_.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(key, transaction.key(replica.region, replica.id));
    if (!key || key->state != key_state::kCreating) return {};
    key->state = key_state::kEnabled;
    return transaction.update_key(*key);
  });
}

// One that was asked for comes first; an automatic one that is due as well is done at the next look.
Status KeyWorker::rotate(const catalog::Key& key) {
  COFFER_TRY(copies, read_rows<Keys>(installation_.catalog,
                                     [&](auto& transaction) { return transaction.keys_of_id(key.id); }));
  COFFER_TRY(tokens, new_material(installation_.keyd, key, copies));
  const char* type = key.on_demand_rotation_started ? "ON_DEMAND" : "AUTOMATIC";
  const Timestamp now = installation_.clock.now();
  for (catalog::BackingKey& token : tokens) {
    token.rotation_type = type;
    token.rotated = now;
  }
  COFFER_TRY(shipment, ship(installation_, {.keys = rotated_rows(key, copies, now), .backing_keys = tokens}));
  bool due_again = false;
  COFFER_CHECK(installation_.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(present, transaction.keys_of_id(key.id));
    const auto row = std::ranges::find(present, key.region, &catalog::Key::region);
    if (row == present.end() || row->state != key_state::kEnabled || !same_copies(present, copies) ||
        row->current_version != key.current_version ||
        row->on_demand_rotation_started != key.on_demand_rotation_started ||
        row->next_rotation != key.next_rotation)
      return {};  // it is another key by now; the next look decides anew
    present = rotated_rows(key, std::move(present), now);
    const auto next = std::ranges::find(present, key.region, &catalog::Key::region)->next_rotation;
    due_again = next && *next <= now;
    for (size_t i = 0; i < present.size(); ++i) {
      COFFER_CHECK(transaction.insert_backing_key(tokens[i]));
      COFFER_CHECK(transaction.update_key(present[i]));
      COFFER_CHECK(record_service_event(
          installation_, transaction,
          event_of(present[i], "RotateKey",
                   fmt::format(R"({{"keyId":"{}","rotationType":"{}"}})", key.id, type))));
    }
    return {};
  }));
  if (due_again) notify();
  return {};
}

// Crypto-erase: the tokens go with the row, in the transaction that records it. What must follow is done by
// finish_destructions(); a domain-key rotation completes it (DestroyedKey).
Status KeyWorker::destroy_if_due(const catalog::Key& key) {
  const Timestamp now = installation_.clock.now();
  if (!key.deletion_date || *key.deletion_date > now) return {};
  COFFER_TRY(keyd, installation_.keyd.status());
  COFFER_CHECK(installation_.catalog.write(
      [&](catalog::Transaction& transaction) -> Status {
        COFFER_TRY(row, transaction.key(key.region, key.id));
        if (!row || row->state != key_state::kPendingDeletion || row->deletion_date != key.deletion_date)
          return {};  // it was cancelled
        COFFER_CHECK(note_object_in_token(transaction, *row));
        COFFER_CHECK(transaction.remove_key(key.region, key.id));
        COFFER_CHECK(transaction.insert_destroyed_key(
            {key.id, key.account, key.region, now, keyd.domain_key_version}));
        COFFER_CHECK(start_window_of_primary(transaction, key, now));
        return record_service_event(installation_, transaction,
                                    event_of(key, "DeleteKey", fmt::format(R"({{"keyId":"{}"}})", key.id)));
      },
      catalog::Urgency::kProtective));
  log_info("key {} in {} is deleted", key.id, key.region);
  destructions_unfinished_ = true;
  return {};
}

// Of stores that are connected, and no others: whoever disconnected one wants nobody to log in to its token.
// What cannot be reached is no reason for another try at once; the next look is soon enough.
void KeyWorker::clear_tokens() {
  if (installation_.hsm_clusters == nullptr) return;
  using Stores = std::vector<catalog::CustomKeyStore>;
  const auto connected = read_rows<Stores>(installation_.catalog, [](auto& transaction) {
    return transaction.custom_key_stores_in_state(connection::kConnected);
  });
  if (!connected) return;
  for (const auto& store : *connected) {
    if (store.type != kCloudHsm) continue;
    const Status cleared = destroy_left_in_token(installation_, store);
    if (cleared)
      uncleared_.erase(store.id);
    else if (uncleared_.insert(store.id).second)
      log_warning("deleted keys are still in the token of {}: {}", store.cluster_id, cleared.error().message);
  }
}

bool KeyWorker::expire_materials() {
  const Timestamp now = installation_.clock.now();
  Status status = installation_.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(materials, transaction.expired_backing_keys(now));
    for (const auto& material : materials) {
      COFFER_TRY(key, transaction.key(material.region, material.key_id));
      if (key) expired_.push_back({key->account, key->region, key->id});
    }
    return {};
  });
  if (status) status = expire_imported_material(installation_);
  if (!expired_.empty()) destructions_unfinished_ = true;  // keyd has them yet
  if (!status) log_warning("imported key material has not expired yet: {}", status.error().message);
  return status.has_value();
}

// Once the row is gone, three things are left to do, each safe to repeat.
bool KeyWorker::finish_destructions() {
  if (!destructions_unfinished_) return true;
  Status finished = wipe_everywhere();
  if (finished) finished = complete_destructions();
  if (!finished) log_warning("destroyed keys are not wiped everywhere yet: {}", finished.error().message);
  destructions_unfinished_ = !finished;
  return finished.has_value();
}

// What keyd has unwrapped is wiped, and what the catalog's files still hold is overwritten.
Status KeyWorker::wipe_everywhere() {
  COFFER_TRY(destroyed, destroyed_keys(installation_.catalog));
  for (const auto& key : destroyed) expired_.push_back({key.account, key.region, key.id});
  for (const auto& binding : expired_) COFFER_CHECK(installation_.keyd.forget_key(binding));
  expired_.clear();
  return installation_.catalog.erase_deleted();
}

// Old copies of the catalog still hold the tokens. They open no more once the domain key that wrapped them is
// destroyed: a rotation of it, unless one that began since is under way.
Status KeyWorker::complete_destructions() {
  if (installation_.domain_key_rotation == nullptr) return {};
  COFFER_TRY(destroyed, destroyed_keys(installation_.catalog));
  COFFER_TRY(seal, installation_.keyd.seal_status());
  COFFER_TRY(rotation, installation_.domain_key_rotation->status());
  uint32_t newest = 0;
  for (const auto& key : destroyed) newest = std::max(newest, key.domain_key_version);
  const bool under_way = rotation.state == "rewrapping" || rotation.state == "retiring";
  if (newest < seal.oldest_version || (under_way && (rotation.version > newest || rotation.again))) return {};
  ServiceEvent event;
  event.account = installation_.owner_account;
  event.region = installation_.regions.front();
  event.event_source = "coffer.local";
  event.event_name = "RotateDomainKey";
  event.request_parameters_json = R"({"reason":"a KMS key was deleted"})";
  event.invoked_by = "AWS Internal";
  COFFER_CHECK(installation_.domain_key_rotation->begin([&](catalog::Transaction& transaction) {
    return record_service_event(installation_, transaction, event);
  }));
  return {};
}

}  // namespace coffer::services::kms
