// SPDX-License-Identifier: Apache-2.0
// What goes into a backup of a running installation.
#pragma once
#include <string>

#include "cli/admin_client.h"
#include "cli/backup_file.h"
#include "cli/recovery_key.h"

namespace coffer::cli {

// The copy of the catalog that apid made; gone when this is.
struct CatalogCopy {
  Document about;
  std::string path;
  CatalogCopy(Document answer, std::string where) : about(std::move(answer)), path(std::move(where)) {}
  CatalogCopy(CatalogCopy&& other) noexcept;
  CatalogCopy& operator=(CatalogCopy&&) = delete;
  ~CatalogCopy();
};
// `receiver`: of a continuous backup, as apid named it; else empty.
Result<CatalogCopy> copy_catalog(const Served& served, const std::string& receiver = {});

// The domain keys as they are sealed, and, where they are wanted, under what opens the backup.
struct SealedKeys {
  uint64_t sequence = 0;  // of the sealed copies
  Bytes as_sealed;
  Bytes recovery;  // empty: not wanted
};
Result<SealedKeys> read_sealed_keys(const Served& served, const RecoveryKey& recovery, bool with_domain_keys);
// The number that the sealed copies have now.
Result<uint64_t> sealed_sequence(const Served& served);

// A copy of the catalog, and the domain keys that all of it is wrapped under: none was added or destroyed
// from before the one until after the other. `tries`: so often; kConflict when they changed each time.
struct BackedUp {
  CatalogCopy catalog;
  SealedKeys keys;
};
Result<BackedUp> copy_catalog_and_keys(const Served& served, const RecoveryKey& recovery,
                                       bool with_domain_keys, int tries, const std::string& receiver = {});

// A header for a new archive.
format::BackupHeader new_header(const RecoveryKey& recovery);

Status write_backup(BackupWriter& writer, const Served& served, const CatalogCopy& catalog,
                    const SealedKeys& keys);
Status add_sealed_keys(BackupWriter& writer, const SealedKeys& keys);

}  // namespace coffer::cli
