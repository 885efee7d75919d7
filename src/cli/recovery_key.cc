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
  auto asked = fresh ? ask_for_new_secret("recovery passphrase") : ask_for_secret("recovery passphrase: ");
  if (!asked)
    return fail(asked.error().kind,
                "the recovery passphrase: " + asked.error().message +
                    (fresh ? " (--passphrase-fd N), or name a key file (--recovery-key FILE)"
                           : " (--passphrase-fd N)"));
  return asked;
}

Result<RecoveryKey> by_passphrase(const BackupOptions& options, const Bytes& parameters) {
  if (!options.recovery_key.empty())
    return fail(
        ErrorKind::kInvalidArgument,
        "it opens by a passphrase, not by a key file: without --recovery-key it is asked for, or read from "
        "--passphrase-fd N");
  COFFER_TRY(parsed, format::parse_passphrase_parameters(parameters));
  COFFER_TRY(words, passphrase(options, false));
  COFFER_TRY(key, seals::open_passphrase_key(words, parsed));
  return RecoveryKey{SealKind::kPassphrase, parameters, parameters, std::move(key)};
}

// Backups of earlier releases say where their key file was.
Result<RecoveryKey> by_key_file(const BackupOptions& options, const Bytes& parameters) {
  if (options.passphrase_fd >= 0)
    return fail(ErrorKind::kInvalidArgument,
                "it opens by a key file, not by a passphrase: give --recovery-key FILE");
  COFFER_TRY(parsed, format::parse_key_file_parameters(parameters));
  COFFER_TRY(path, absolute_path(options.recovery_key.empty() ? parsed.path : options.recovery_key));
  if (path.empty())
    return fail(ErrorKind::kInvalidArgument, "it opens by a key file: give --recovery-key FILE");
  auto key = seals::read_seal_key(path);
  if (!key && options.recovery_key.empty())
    return fail(key.error().kind, key.error().message + "; --recovery-key FILE says where it is now");
  if (!key) return tl::unexpected(std::move(key.error()));
  return RecoveryKey{SealKind::kKeyFile, parameters, format::encode(format::KeyFileParameters{path}),
                     std::move(*key)};
}

}  // namespace

Result<RecoveryKey> new_recovery_key(const BackupOptions& options, const format::UuidBytes& installation_id) {
  if (options.recovery_key.empty()) {
    COFFER_TRY(words, passphrase(options, true));
    COFFER_TRY(made, seals::make_passphrase_key(words));
    const Bytes parameters = format::encode(made.parameters);
    return RecoveryKey{SealKind::kPassphrase, parameters, parameters, std::move(made.key)};
  }
  COFFER_TRY(path, absolute_path(options.recovery_key));
  COFFER_TRY(there, system_disk().exists(path));
  if (!there) COFFER_CHECK(seals::create_key_file_seal(system_disk(), path, {path}, &installation_id));
  COFFER_TRY(seal, seals::load_key_file_seal(path));
  if (seal->installation_id() != installation_id)
    return fail(ErrorKind::kConflict,
                path + " is the key file of another installation; give one that is to be made");
  COFFER_TRY(key, seals::read_seal_key(path));
  return RecoveryKey{SealKind::kKeyFile, format::encode(format::KeyFileParameters{}),
                     format::encode(format::KeyFileParameters{path}), std::move(key)};
}

Result<RecoveryKey> find_recovery_key(const BackupOptions& options, const format::BackupHeader& header) {
  return header.kind == SealKind::kPassphrase ? by_passphrase(options, header.parameters)
                                              : by_key_file(options, header.parameters);
}

}  // namespace coffer::cli
