// SPDX-License-Identifier: Apache-2.0
// What `coffer up` must have before keyd can open the domain keys: asked for, checked, and handed to keyd.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/data_folder.h"
#include "format/sealed_domain_keys.h"
#include "secret/secret_bytes.h"

namespace coffer::cli {

bool has_sealed_keys(const std::string& folder);

// What the newest copy of the sealed domain keys says of its seal; nothing while there is none that can be
// read (keyd says why).
std::optional<format::SealedDomainKeysHeader> stored_seal(const std::string& folder);

// What a new seal by a device is asked for with, as stored parameters. kInvalidArgument, in words.
Result<Bytes> device_parameters(format::SealKind kind, const DeviceOptions& device);

// Seal material for keyd; empty where a file is all it takes. A passphrase is asked for until it is right;
// one from a descriptor is tried once. kConflict when `options` want another seal than there is.
Result<std::vector<secret::SecretBytes>> unsealing_material(const std::string& folder,
                                                            const InstallationFile& installation,
                                                            const UpOptions& options);

}  // namespace coffer::cli
