// SPDX-License-Identifier: Apache-2.0
// The domain keys in force with the seal that keeps them: every change of either is on the disk, in both
// copies, before it counts.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "keys/domain_key_store.h"
#include "keys/domain_keys.h"
#include "seals/seal.h"

namespace coffer::keys {

// Thread-safe. Changes wait for each other; nobody waits for them to use the keys, or to know the status.
class DomainKeyVault {
 public:
  // `store` must outlive the vault; null keeps everything in memory, for tests.
  DomainKeyVault(DomainKeys keys, std::unique_ptr<seals::Seal> seal, DomainKeyStore* store)
      : keys_(std::move(keys)), seal_(std::move(seal)), store_(store) {
    note_status();
  }

  const CurrentDomainKeys& keys() const { return keys_; }

  struct SealStatus {
    format::SealKind kind = format::SealKind::kKeyFile;
    std::string description;
    uint64_t sequence = 0;  // of the sealed copies
    uint32_t oldest_version = 0, newest_version = 0;
  };
  // As it is, or was before a change that is under way: a seal's device may take its time.
  SealStatus status() const;
  format::UuidBytes installation_id() const;

  // Makes a new version unless there is one above `version`; the newest. So it may be asked again.
  Result<uint32_t> add_version_above(uint32_t version);
  // Destroys every version below `version`, in both copies and in memory. kConflict if that is not the
  // newest. Asked again it writes again, unless both copies are without them.
  Status retire_below(uint32_t version);
  // Seals anew with `seal`; `sequence` is the one that the caller saw: kConflict if it is another by now.
  Status change_seal(std::unique_ptr<seals::Seal> seal, uint64_t sequence);
  // False when the last change of the seal failed, and so did the way back: the copies may be under either.
  bool seal_known() const;
  // The domain keys under a seal of the caller's, in the form of a sealed copy. Nothing is stored.
  Result<Bytes> sealed_under(const seals::Seal& seal) const;

 private:
  Status store(const DomainKeys& keys, const seals::Seal& seal);
  void note_status();
  // Notes it at the end of a change, whatever became of that.
  struct Noting {
    DomainKeyVault& vault;
    ~Noting() { vault.note_status(); }
  };

  CurrentDomainKeys keys_;
  mutable std::mutex changing_;
  std::unique_ptr<seals::Seal> seal_;
  bool seal_known_ = true;
  DomainKeyStore* const store_;
  mutable std::mutex noting_;  // of what follows
  SealStatus status_;
};

}  // namespace coffer::keys
