// SPDX-License-Identifier: Apache-2.0
// The default seal: 32 random bytes in a file of mode 0600 (docs/format/sealed-domain-keys.md). It protects
// nothing when it is stolen together with the data folder.
#pragma once
#include <memory>
#include <string>

#include "base/disk.h"
#include "format/seal_parameters.h"
#include "seals/seal.h"

namespace coffer::seals {

// Makes the file; kConflict if `path` exists. `parameters` say where a later start looks for it; without an
// `installation_id` a new one is made.
Result<std::unique_ptr<Seal>> create_key_file_seal(Disk& disk, const std::string& path,
                                                   const format::KeyFileParameters& parameters = {},
                                                   const format::UuidBytes* installation_id = nullptr);
// kNotFound if it is not there; kPermissionDenied unless it is a regular file of the calling user (or root)
// that nobody else may read; kCorrupt, kTooNew.
Result<std::unique_ptr<Seal>> load_key_file_seal(const std::string& path,
                                                 const format::KeyFileParameters& parameters = {});
// The key in such a file, with the same errors: for whoever hands the seal to keyd.
Result<secret::SecretBytes> read_seal_key(const std::string& path);

}  // namespace coffer::seals
