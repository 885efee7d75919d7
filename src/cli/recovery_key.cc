// SPDX-License-Identifier: Apache-2.0
#include "cli/recovery_key.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/disk.h"
#include "cli/secret_input.h"
#include "format/seal_parameters.h"
#include "seals/key_file_seal.h"
#include "seals/passphrase_seal.h"

namespace coffer::cli {
namespace {

using format::SealKind;

Result<std::string> absolute_path(const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  char here[PATH_MAX];
  if (::getcwd(here, sizeof here) == nullptr) return fail_errno("current folder");
  return std::string(here) + "/" + path;
}

Result<secret::SecretBytes> passphrase(const BackupOptions& options, bool fresh) {
  if (options.passphrase_fd >= 0) return read_secret(options.passphrase_fd);
  return fresh ? ask_for_new_secret("recovery passphrase") : ask_for_secret("recovery passphrase: ");
}

}  // namespace

Result<RecoveryKey> new_recovery_key(const BackupOptions& options, const format::UuidBytes& installation_id) {
  if (options.recovery_key.empty()) {
    COFFER_TRY(words, passphrase(options, true));
    COFFER_TRY(made, seals::make_passphrase_key(words));
    return RecoveryKey{SealKind::kPassphrase, format::encode(made.parameters), std::move(made.key)};
  }
  COFFER_TRY(path, absolute_path(options.recovery_key));
  COFFER_TRY(there, system_disk().exists(path));
  if (!there) COFFER_CHECK(seals::create_key_file_seal(system_disk(), path, {path}, &installation_id));
  COFFER_TRY(seal, seals::load_key_file_seal(path));
  if (seal->installation_id() != installation_id)
    return fail(ErrorKind::kConflict,
                path + " is the key file of another installation; give one that is to be made");
  COFFER_TRY(key, seals::read_seal_key(path));
  return RecoveryKey{SealKind::kKeyFile, format::encode(format::KeyFileParameters{path}), std::move(key)};
}

Result<RecoveryKey> find_recovery_key(const BackupOptions& options, const format::BackupHeader& header) {
  if (header.kind == SealKind::kPassphrase) {
    COFFER_TRY(parameters, format::parse_passphrase_parameters(header.parameters));
    COFFER_TRY(words, passphrase(options, false));
    COFFER_TRY(key, seals::open_passphrase_key(words, parameters));
    return RecoveryKey{header.kind, header.parameters, std::move(key)};
  }
  COFFER_TRY(parameters, format::parse_key_file_parameters(header.parameters));
  COFFER_TRY(key,
             seals::read_seal_key(options.recovery_key.empty() ? parameters.path : options.recovery_key));
  return RecoveryKey{header.kind, header.parameters, std::move(key)};
}

}  // namespace coffer::cli
