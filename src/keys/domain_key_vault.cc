// SPDX-License-Identifier: Apache-2.0
#include "keys/domain_key_vault.h"

#include "crypto/random.h"
#include "format/sealed_domain_keys.h"

namespace coffer::keys {
namespace {

constexpr size_t kMostVersions = 16;  // a rotation needs two; a copy of the sealed ones must stay readable

DomainKeys from_version(const DomainKeys& keys, uint32_t oldest) {
  DomainKeys kept;
  for (const auto& [version, key] : keys.versions())
    if (version >= oldest) kept.add(version, key.clone());
  return kept;
}

}  // namespace

DomainKeyVault::SealStatus DomainKeyVault::status() const {
  const std::lock_guard lock(noting_);
  return status_;
}

// Of what is now; by whoever holds changing_.
void DomainKeyVault::note_status() {
  const auto keys = keys_.get();
  SealStatus status{seal_->kind(), seal_->description(), store_ == nullptr ? 0 : store_->sequence(),
                    keys->oldest_version(), keys->newest_version()};
  const std::lock_guard lock(noting_);
  status_ = std::move(status);
}

format::UuidBytes DomainKeyVault::installation_id() const {
  const std::lock_guard lock(changing_);
  return seal_->installation_id();
}

Status DomainKeyVault::store(const DomainKeys& keys, const seals::Seal& seal) {
  return store_ == nullptr ? Status() : store_->replace(keys, seal);
}

Result<uint32_t> DomainKeyVault::add_version_above(uint32_t version) {
  const std::lock_guard lock(changing_);
  const Noting noting{*this};
  const auto before = keys_.get();
  if (before->newest_version() > version) return before->newest_version();
  if (before->newest_version() < version)
    return fail(ErrorKind::kConflict, "there is no such version of the domain key yet");
  if (before->versions().size() >= kMostVersions)
    return fail(ErrorKind::kLimitExceeded,
                "there are too many versions of the domain key: retire some first");
  DomainKeys after = from_version(*before, 0);
  const uint32_t fresh = before->newest_version() + 1;
  after.add(fresh, crypto::random_secret(format::kDomainKeySize));
  COFFER_CHECK(store(after, *seal_));
  keys_.set(std::move(after));
  return fresh;
}

Status DomainKeyVault::retire_below(uint32_t version) {
  const std::lock_guard lock(changing_);
  const Noting noting{*this};
  const auto before = keys_.get();
  if (before->newest_version() != version)
    return fail(ErrorKind::kConflict, "only what is older than the newest domain key is retired");
  // Memory may be ahead of the disk: after a crash between the two copies, one may not have been mended.
  if (before->oldest_version() == version && (store_ == nullptr || store_->both_current())) return {};
  DomainKeys after = from_version(*before, version);
  COFFER_CHECK(store(after, *seal_));
  keys_.set(std::move(after));
  return {};
}

Status DomainKeyVault::change_seal(std::unique_ptr<seals::Seal> seal, uint64_t sequence) {
  const std::lock_guard lock(changing_);
  const Noting noting{*this};
  if (store_ != nullptr && store_->sequence() != sequence)
    return fail(ErrorKind::kConflict, "the sealed domain keys have changed meanwhile; try again");
  if (const Status stored = store(*keys_.get(), *seal); !stored) {
    seal_known_ = false;
    // A copy under the new seal may be there already, and the newest counts: so the old one again, newer.
    if (!store(*keys_.get(), *seal_))
      return fail(stored.error().kind, stored.error().message +
                                           "; the domain keys may be under the new seal or the old one now: "
                                           "keep both, mend the disk and change the seal again");
    seal_known_ = true;
    return stored;
  }
  seal_ = std::move(seal);
  seal_known_ = true;
  return {};
}

bool DomainKeyVault::seal_known() const {
  const std::lock_guard lock(changing_);
  return seal_known_;
}

Result<Bytes> DomainKeyVault::sealed_under(const seals::Seal& seal) const {
  const std::lock_guard lock(changing_);
  return seal_domain_keys(*keys_.get(), seal, store_ == nullptr ? 1 : store_->sequence());
}

}  // namespace coffer::keys
