// SPDX-License-Identifier: Apache-2.0
#include "services/kms/domain_key_rotation.h"

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "services/kms/continuous_backup.h"
#include "services/kms/wrapped_items.h"

namespace coffer::services::kms {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr const char* kSetting = "domain_key_rotation";
constexpr milliseconds kRetry{200};
// Calls that began before may still bring what is under the old version, to keyd or into the catalog. Most
// wait at most two seconds for keyd and five for its answer (keyclient). Who comes later is told to try
// again.
constexpr milliseconds kGrace{8000}, kGraceInDevelopment{150};

std::string encode(const RotationStatus& rotation) {
  Json json = {{"state", rotation.state},
               {"version", rotation.version},
               {"again", rotation.again},
               {"started", rotation.started.microseconds}};
  if (rotation.ended) json["ended"] = rotation.ended->microseconds;
  return json.dump();
}

Result<RotationStatus> decode(const std::optional<std::string>& text) {
  RotationStatus rotation;
  if (!text) return rotation;
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object()) return fail(ErrorKind::kCorrupt, "catalog: the domain key's rotation is unreadable");
  rotation.state = json.value("state", "");
  rotation.version = json.value("version", 0u);
  rotation.again = json.value("again", false);
  rotation.started = Timestamp{json.value("started", int64_t{0})};
  if (json.contains("ended")) rotation.ended = Timestamp{json.value("ended", int64_t{0})};
  return rotation;
}

Result<RotationStatus> read_state(catalog::Transaction& transaction) {
  COFFER_TRY(text, transaction.setting(kSetting));
  return decode(text);
}

Status write_state(catalog::Transaction& transaction, const RotationStatus& rotation) {
  return transaction.set_setting(kSetting, encode(rotation));
}

bool under_way(const RotationStatus& rotation) {
  return rotation.state == "rewrapping" || rotation.state == "retiring";
}

}  // namespace

DomainKeyRotation::DomainKeyRotation(Installation& installation) : installation_(installation) {}

DomainKeyRotation::~DomainKeyRotation() {
  stop();
}

void DomainKeyRotation::resume() {
  wanted_ = true;
  worker_ = std::thread([this] { work(); });
}

void DomainKeyRotation::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (worker_.joinable()) worker_.join();
}

Result<RotationStatus> DomainKeyRotation::begin(const std::function<Status(catalog::Transaction&)>& record) {
  COFFER_TRY(seal, installation_.keyd.seal_status());
  RotationStatus rotation;
  COFFER_CHECK(installation_.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(before, read_state(transaction));
    rotation = std::move(before);
    if (under_way(rotation)) {
      rotation.again = true;
    } else {
      // Or the new version would be one that keyd has already, and nothing would be rotated.
      if (rotation.state == "completed" && rotation.version > seal.newest_version)
        return fail(
            ErrorKind::kUnavailable,
            "a rotation has ended meanwhile, or keyd has an older copy of the domain keys; try again");
      rotation = RotationStatus{};
      rotation.state = "rewrapping";
      rotation.version = seal.newest_version + 1;
      rotation.started = installation_.clock.now();
    }
    COFFER_CHECK(write_state(transaction, rotation));
    return record(transaction);
  }));
  const std::lock_guard lock(mutex_);
  wanted_ = true;
  changed_.notify_all();
  return rotation;
}

Result<RotationStatus> DomainKeyRotation::status() {
  RotationStatus rotation;
  COFFER_CHECK(installation_.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, read_state(transaction));
    rotation = std::move(found);
    return {};
  }));
  const std::lock_guard lock(mutex_);
  rotation.done = done_;
  rotation.total = total_;
  rotation.message = message_;
  return rotation;
}

bool DomainKeyRotation::wait_for(milliseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return stopping_; });
}

void DomainKeyRotation::note(const std::string& message) {
  const std::lock_guard lock(mutex_);
  if (!message.empty() && message != message_) log_warning("rotation of the domain key: {}", message);
  message_ = message;
}

void DomainKeyRotation::work() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || wanted_; });
      if (stopping_) return;
      wanted_ = false;
    }
    auto rotation = status();
    while (rotation && under_way(*rotation)) {
      const Status advanced = advance(*rotation);
      note(advanced ? "" : advanced.error().message);
      if (!wait_for(advanced ? milliseconds(0) : kRetry)) return;
      rotation = status();
    }
    if (!rotation) note(rotation.error().message);
  }
}

Status DomainKeyRotation::advance(RotationStatus& rotation) {
  if (rotation.state == "rewrapping") return rewrap_everything(rotation);
  // What lay in the write-ahead log of the old wrappings goes first; they would open nothing, all the same.
  COFFER_CHECK(installation_.catalog.erase_deleted());
  // The backup's older pieces are under the old version, and must not need it when it is gone.
  if (installation_.continuous_backup != nullptr)
    COFFER_CHECK(installation_.continuous_backup->require_base(rotation.version));
  COFFER_CHECK(installation_.keyd.retire_domain_keys(rotation.version));
  return complete(rotation);
}

// Passes until one has found nothing to do that began when the catalog took nothing older any more.
Status DomainKeyRotation::rewrap_everything(RotationStatus& rotation) {
  COFFER_TRY(newest, installation_.keyd.add_domain_key(rotation.version - 1));
  if (newest != rotation.version)
    return fail(ErrorKind::kConflict,
                "keyd's newest domain key is not the one that this catalog asked for: is it an older copy?");
  for (bool first = true;; first = false) {
    COFFER_TRY(replaced, rewrap_once());
    if (!first && replaced == 0) {
      COFFER_TRY(retiring, begin_retiring(rotation.version));
      if (retiring) return {};
    }
    if (!wait_for(installation_.development ? kGraceInDevelopment : kGrace))
      return fail(ErrorKind::kUnavailable, "stopping");
    COFFER_CHECK(refuse_older(rotation.version));
  }
}

Result<size_t> DomainKeyRotation::rewrap_once() {
  size_t total = 0;
  COFFER_CHECK(installation_.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(counted, transaction.count_wrapped());
    total = counted;
    return {};
  }));
  COFFER_TRY(count, rewrap_all(installation_, [&](size_t seen) {
               const std::lock_guard lock(mutex_);
               done_ = seen;
               total_ = total;
               return !stopping_;
             }));
  if (count.refused.empty()) return count.replaced;
  return fail(ErrorKind::kCorrupt, count.refused +
                                       " opens under no domain key: the old version is kept until it is "
                                       "mended from a backup, or deleted");
}

Status DomainKeyRotation::refuse_older(uint32_t version) {
  return installation_.catalog.write(
      [&](catalog::Transaction& transaction) { return transaction.raise_oldest_domain_key(version); });
}

// The last look and the decision are one transaction: between them nothing is stored.
Result<bool> DomainKeyRotation::begin_retiring(uint32_t version) {
  bool nothing_older = false;
  COFFER_CHECK(installation_.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.raise_oldest_domain_key(version));
    COFFER_TRY(oldest, transaction.oldest_wrapped());
    nothing_older = oldest >= version;
    if (!nothing_older) return {};
    COFFER_TRY(now, read_state(transaction));
    now.state = "retiring";
    return write_state(transaction, now);
  }));
  return nothing_older;
}

Status DomainKeyRotation::complete(RotationStatus rotation) {
  log_info("the domain key has version {}, and no older one exists any more", rotation.version);
  return installation_.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(now, read_state(transaction));
    now.state = "completed";
    now.ended = installation_.clock.now();
    if (now.again) {
      now = RotationStatus{};
      now.state = "rewrapping";
      now.version = rotation.version + 1;
      now.started = installation_.clock.now();
    }
    return write_state(transaction, now);
  });
}

}  // namespace coffer::services::kms
