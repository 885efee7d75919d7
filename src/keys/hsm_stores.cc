// SPDX-License-Identifier: Apache-2.0
#include "keys/hsm_stores.h"

#include "base/log.h"

namespace coffer::keys {
namespace {

using Clock = std::chrono::steady_clock;
using format::HsmLoginOutcome;
using secret::RawAccess;
using secret::SecretBytes;

// A client of keyd's waits five seconds for an answer; making a key and logging in may take longer.
constexpr auto kPatience = std::chrono::milliseconds(4000);
constexpr auto kPatienceForLogin = std::chrono::milliseconds(20000);
// While one call opens a token again, others wait this long; once it has failed, so long nobody tries.
constexpr auto kPatienceForAnother = std::chrono::milliseconds(1500);
constexpr auto kAfterFailure = std::chrono::milliseconds(1000);
// AWS's words (AWS KMS Developer Guide, "How to respond to a cryptographic operation failure").
constexpr const char* kUnreachable = "KMS cannot communicate with your CloudHSM cluster";
constexpr uint64_t kLargestConfiguration = 1 << 20;
constexpr size_t kMostClosed = 1024;
// Of the sixteen threads for tokens (slow_lane.h).
constexpr size_t kMostCallsOfAStore = 4, kMostLoginsToACluster = 2;

bool refuses_the_password(HsmLoginOutcome outcome) {
  return outcome == HsmLoginOutcome::kIncorrectPin || outcome == HsmLoginOutcome::kLockedPin ||
         outcome == HsmLoginOutcome::kNoUser;
}

}  // namespace

struct HsmStores::Store {
  std::string id, cluster_id;
  SecretBytes password;
  HsmTurns turns{kMostCallsOfAStore};
  std::timed_mutex opening;  // of what follows
  std::shared_ptr<HsmProcess> process;
  std::optional<Clock::time_point> failed;
};

Result<std::optional<format::HsmCluster>> HsmStores::cluster(const std::string& cluster_id) const {
  const std::string path = folder_ + "/" + std::string(format::kHsmClustersName);
  COFFER_TRY(present, disk_.exists(path));
  if (!present) return std::nullopt;
  COFFER_TRY(bytes, read_file(disk_, path, kLargestConfiguration));
  COFFER_TRY(clusters, format::parse_hsm_clusters(bytes));
  const format::HsmCluster* found = format::find_cluster(clusters, cluster_id);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::shared_ptr<HsmStores::Store> HsmStores::find(const std::string& store_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = stores_.find(store_id);
  return found == stores_.end() ? nullptr : found->second;
}

bool HsmStores::is_known(const std::string& store_id) const {
  return find(store_id) != nullptr;
}

bool HsmStores::is_closed(const std::string& store_id) const {
  const std::lock_guard lock(mutex_);
  return closed_.contains(store_id);
}

// Holding mutex_. Ids of stores that are long gone make room for new ones.
void HsmStores::close(const std::string& store_id) {
  if (closed_.size() >= kMostClosed) closed_.erase(closed_.begin());
  closed_.insert(store_id);
}

// `process` is set when somebody is logged in; without a password, nobody is.
HsmLoginOutcome HsmStores::start(const std::string& cluster_id, const SecretBytes& password,
                                 std::chrono::milliseconds patience,
                                 std::shared_ptr<HsmProcess>& process) const {
  const auto deadline = Clock::now() + patience;
  const auto configured = cluster(cluster_id);
  if (!configured) log_warning("{}", configured.error().message);
  if (!configured || !*configured) return HsmLoginOutcome::kUnknownCluster;
  const format::HsmCluster& where = **configured;
  auto channel = start_();
  if (!channel) {
    log_warning("cluster {}: no process for its token: {}", cluster_id, channel.error().message);
    return HsmLoginOutcome::kNoAnswer;
  }
  auto started = std::make_shared<HsmProcess>(std::move(*channel));
  const Bytes location = format::encode(format::HsmLocation{where.module, where.label, where.serial});
  const auto reply = started->call({format::sealer::Operation::kHsmLogIn,
                                    location,
                                    password.read(RawAccess::because("the token's process logs in with it")),
                                    {}},
                                   patience);
  // A module that ends its process is none that works; one that says nothing may be behind a network.
  if (!reply) return Clock::now() < deadline ? HsmLoginOutcome::kNoModule : HsmLoginOutcome::kNoAnswer;
  format::Reader reader(reply->read(RawAccess::because("the outcome of a log-in is no secret")));
  const auto outcome = format::hsm_login_outcome(reader.u8());
  if (!outcome || !reader.at_end()) return HsmLoginOutcome::kNoModule;
  if (*outcome == HsmLoginOutcome::kLoggedIn && !password.empty()) process = std::move(started);
  return *outcome;
}

// Holding store.opening.
HsmLoginOutcome HsmStores::open(Store& store, std::chrono::milliseconds patience) const {
  store.process.reset();
  return start(store.cluster_id, store.password, patience, store.process);
}

std::shared_ptr<HsmTurns> HsmStores::logins_to(const std::string& cluster_id) const {
  const std::lock_guard lock(mutex_);
  std::erase_if(logins_, [](const auto& known) { return known.second.expired(); });
  auto turns = logins_[cluster_id].lock();
  if (!turns) logins_[cluster_id] = turns = std::make_shared<HsmTurns>(kMostLoginsToACluster);
  return turns;
}

// A log-in is waited for longer than a call.
HsmLoginOutcome HsmStores::in_turn(const std::string& cluster_id,
                                   const std::function<HsmLoginOutcome()>& work) const {
  const auto logins = logins_to(cluster_id);
  auto turn = logins->take(Clock::now() + kPatienceForLogin);
  if (!turn) return HsmLoginOutcome::kNoAnswer;
  const HsmLoginOutcome outcome = work();
  if (outcome != HsmLoginOutcome::kNoAnswer) turn->answered();
  return outcome;
}

HsmLoginOutcome HsmStores::look(const std::string& cluster_id) const {
  return in_turn(cluster_id, [&] {
    std::shared_ptr<HsmProcess> none;
    return start(cluster_id, SecretBytes(), kPatienceForLogin, none);
  });
}

void HsmStores::remember(const std::string& store_id, const std::string& cluster_id,
                         const SecretBytes& password) {
  auto store = std::make_shared<Store>();
  store->id = store_id;
  store->cluster_id = cluster_id;
  store->password = password.clone();
  const std::lock_guard lock(mutex_);
  closed_.erase(store_id);
  stores_.emplace(store_id, std::move(store));
}

HsmLoginOutcome HsmStores::connect(const std::string& store_id, const std::string& cluster_id,
                                   const SecretBytes& password) {
  auto store = std::make_shared<Store>();
  store->id = store_id;
  store->cluster_id = cluster_id;
  store->password = password.clone();
  const HsmLoginOutcome outcome = in_turn(cluster_id, [&] {
    const std::lock_guard lock(store->opening);
    return open(*store, kPatienceForLogin);
  });
  const std::lock_guard lock(mutex_);
  if (outcome == HsmLoginOutcome::kLoggedIn) {
    closed_.erase(store_id);
    stores_[store_id] = std::move(store);
  } else {
    close(store_id);
  }
  return outcome;
}

void HsmStores::disconnect(const std::string& store_id) {
  std::shared_ptr<Store> store;
  {
    const std::lock_guard lock(mutex_);
    close(store_id);
    const auto found = stores_.find(store_id);
    if (found == stores_.end()) return;
    store = std::move(found->second);
    stores_.erase(found);
  }
  // Whoever uses it now ends his call; the last one lets the process end.
}

// The one that runs, or a new one.
Result<std::shared_ptr<HsmProcess>> HsmStores::process_of(Store& store) const {
  const std::unique_lock lock(store.opening, kPatienceForAnother);
  const auto unreachable = [] { return fail(ErrorKind::kConflict, kUnreachable); };
  if (!lock.owns_lock()) return unreachable();
  if (store.process && store.process->alive()) return store.process;
  if (store.password.empty() || (store.failed && Clock::now() - *store.failed < kAfterFailure))
    return unreachable();
  const HsmLoginOutcome outcome = open(store, kPatience);
  if (outcome == HsmLoginOutcome::kLoggedIn) {
    store.failed.reset();
    log_info("key store {}: its token is open again", store.id);
    return store.process;
  }
  store.failed = Clock::now();
  if (refuses_the_password(outcome)) store.password = SecretBytes();
  log_warning("key store {}: its token is not open again (outcome {})", store.id, static_cast<int>(outcome));
  return unreachable();
}

Result<SecretBytes> HsmStores::call(const std::string& store_id, const format::sealer::RequestView& request,
                                    bool repeatable) {
  const auto store = find(store_id);
  if (!store) return fail(ErrorKind::kUnavailable, "the key store is not connected");
  const auto deadline = Clock::now() + kPatience;
  auto turn = store->turns.take(deadline);
  if (!turn) return fail(ErrorKind::kConflict, kUnreachable);
  for (int tries = 0;; ++tries) {
    COFFER_TRY(process, process_of(*store));
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    auto reply = process->call(request, std::max(left, std::chrono::milliseconds(0)));
    if (reply || reply.error().kind != ErrorKind::kUnavailable) {
      turn->answered();
      return reply;
    }
    if (process->alive() || !repeatable || tries > 0 || Clock::now() >= deadline)
      return fail(ErrorKind::kConflict, kUnreachable);
  }
}

}  // namespace coffer::keys
