// SPDX-License-Identifier: Apache-2.0
#include "api/first_start.h"

#include <sys/stat.h>
#include <unistd.h>

#include "api/accounts.h"
#include "base/encoding.h"
#include "base/log.h"
#include "crypto/certificate.h"

namespace coffer::api {
namespace {

constexpr const char* kCredentialsWritten = "root_credentials_written";
constexpr const char* kCaPrivateKey = catalog::kAuthorityPrivateKey.name;
constexpr const char* kCaCertificate = "ca_certificate";

Result<std::optional<std::string>> read_setting(catalog::Catalog& catalog, const std::string& name) {
  std::optional<std::string> value;
  COFFER_CHECK(catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.setting(name));
    value = std::move(found);
    return {};
  }));
  return value;
}

// Not aside and renamed: a confined apid makes no file in DIR (hardening.h). What is cut off here is written
// again at the next start, before anybody is told that it is there.
Status write_in_place(Disk& disk, const std::string& path, ByteView contents) {
  COFFER_TRY(file, disk.open(path, {.create = true}));
  COFFER_CHECK(file->truncate(0));
  COFFER_CHECK(file->write(0, contents));
  return file->flush();
}

// An AWS credentials file: usable as AWS_SHARED_CREDENTIALS_FILE.
Status write_credentials(Disk& disk, const std::string& path, const NewAccount& owner,
                         const std::string& region) {
  const ByteView secret =
      owner.secret.read(secret::RawAccess::because("the root credentials file is where the owner finds it"));
  std::string text;
  text.reserve(512);  // no copy of the secret is left behind by growing
  text += "[default]\naws_access_key_id = " + owner.access_key.id + "\naws_secret_access_key = ";
  text += as_text(secret);
  text += "\nregion = " + region + "\n";
  const auto status = write_in_place(disk, path, as_bytes(text));
  secret::wipe(text);
  return status;
}

// The file comes before the row: a key that is in no file must not be valid.
Status prepare_owner(Installation& installation, Disk& disk, const std::string& folder) {
  COFFER_TRY(written, read_setting(installation.catalog, kCredentialsWritten));
  if (written) return {};
  COFFER_TRY(owner, make_account(installation, installation.owner_account));
  COFFER_CHECK(write_credentials(disk, folder + "/root-credentials", owner, installation.regions.front()));
  COFFER_CHECK(installation.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(insert_account(transaction, owner));
    return transaction.set_setting(kCredentialsWritten, owner.access_key.id);
  }));
  log_info("made account {} with the credentials in {}/root-credentials", installation.owner_account, folder);
  return {};
}

Result<std::optional<keyclient::CertificateAuthority>> read_authority(Installation& installation) {
  COFFER_TRY(private_key, read_setting(installation.catalog, kCaPrivateKey));
  COFFER_TRY(certificate, read_setting(installation.catalog, kCaCertificate));
  if (!private_key || !certificate) return std::nullopt;
  auto key_bytes = from_base64(*private_key), certificate_bytes = from_base64(*certificate);
  if (!key_bytes || !certificate_bytes) return fail(ErrorKind::kCorrupt, "catalog: the CA is unreadable");
  return keyclient::CertificateAuthority{std::move(*key_bytes), std::move(*certificate_bytes)};
}

Result<keyclient::CertificateAuthority> prepare_authority(Installation& installation) {
  COFFER_TRY(present, read_authority(installation));
  if (present) return std::move(*present);
  COFFER_TRY(authority,
             installation.keyd.create_certificate_authority("Coffer " + installation.host_id + " CA"));
  COFFER_CHECK(installation.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(
        transaction.set_wrapped_setting(catalog::kAuthorityPrivateKey, authority.wrapped_private_key));
    return transaction.set_setting(kCaCertificate, base64(authority.certificate_der));
  }));
  return authority;
}

Status write_ca_file(Disk& disk, const std::string& path, ByteView certificate_der) {
  const std::string pem = crypto::certificate_pem(certificate_der);
  const auto present = read_file(disk, path, 1 << 20);
  if (!present || as_text(*present) != pem) COFFER_CHECK(write_in_place(disk, path, as_bytes(pem)));
  // It is public, and clients of other users may need it.
  if (::chmod(path.c_str(), 0644) != 0) return fail_errno("chmod " + path);
  return {};
}

Status prepare_host(Installation& installation) {
  char name[256] = "localhost";
  ::gethostname(name, sizeof name - 1);
  return installation.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(instances, transaction.instances());
    for (const auto& instance : instances)
      if (instance.id == installation.host_id) return {};
    return transaction.insert_instance(
        {installation.host_id, installation.owner_account, name, installation.clock.now()});
  });
}

}  // namespace

Result<keyclient::CertificateAuthority> installed_authority(Installation& installation) {
  COFFER_TRY(present, read_authority(installation));
  if (!present) return fail(ErrorKind::kUnavailable, "the installation is not prepared yet");
  return std::move(*present);
}

Result<keyclient::CertificateAuthority> prepare_installation(Installation& installation, Disk& disk,
                                                             const std::string& folder) {
  COFFER_CHECK(prepare_owner(installation, disk, folder));
  COFFER_CHECK(prepare_host(installation));
  COFFER_TRY(authority, prepare_authority(installation));
  COFFER_CHECK(write_ca_file(disk, folder + "/ca.pem", authority.certificate_der));
  return authority;
}

}  // namespace coffer::api
