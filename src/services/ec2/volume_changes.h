// SPDX-License-Identifier: Apache-2.0
// Carries modifications and re-keyings of volumes from the answered call to their end. State is in the
// catalog. Used by one thread.
#pragma once
#include <string>
#include <utility>

#include "catalog/rows.h"
#include "services/ec2/background_jobs.h"
#include "services/ec2/volume_locks.h"
#include "services/installation.h"

namespace coffer::services::ec2 {

// Tells volumed how fast the volume may be, by its type and settings.
Status set_limits(Installation& installation, const catalog::Volume& volume);

class VolumeChanges {
 public:
  VolumeChanges(Installation& installation, VolumeLocks& locks)
      : installation_(installation), locks_(locks) {}

  // Errors: something must be tried again.
  Status advance_modifications();
  // True when a re-keying is under way that must be watched.
  Result<bool> advance_rekeys(const JobsBySubject& jobs, BackgroundJobs& running);
  // Was a wrapped key taken out of the catalog since this was asked last?
  bool keys_were_cleared() { return std::exchange(keys_were_cleared_, false); }
  // Runs what is no copy and no re-keying (clones, merges) and waits for keys, for whoever made the volume.
  Status run_lifts(const JobsBySubject& jobs, BackgroundJobs& running);

 private:
  Status modify(catalog::VolumeModification modification);
  Status start_rekey(catalog::VolumeRekey& rekey);
  Status put_new_top(const catalog::VolumeRekey& rekey, const catalog::Volume& volume);
  Status watch_rekey(catalog::VolumeRekey& rekey, const JobsBySubject& jobs, BackgroundJobs& running);
  Status finish_rekey(catalog::VolumeRekey& rekey);
  Result<bool> is_all_under_its_key(const catalog::VolumeRekey& rekey);
  Status want_another_top(catalog::VolumeRekey& rekey);
  Status wait_for_key(catalog::VolumeRekey& rekey, const Error& error);
  Status end_rekey(catalog::VolumeRekey& rekey, const char* state, std::string message);
  Status store(const catalog::VolumeRekey& rekey);
  Result<std::optional<catalog::Volume>> volume(const std::string& id);

  Installation& installation_;
  VolumeLocks& locks_;
  bool keys_were_cleared_ = false;
};

}  // namespace coffer::services::ec2
