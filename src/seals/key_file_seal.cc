// SPDX-License-Identifier: Apache-2.0
#include "seals/key_file_seal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file_descriptor.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "seals/checksum.h"

namespace coffer::seals {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

Status check_file(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail_errno("stat " + path);
  if (!S_ISREG(status.st_mode))
    return fail(ErrorKind::kPermissionDenied, "seal file " + path + " is no regular file");
  if ((status.st_mode & 077) != 0)
    return fail(ErrorKind::kPermissionDenied,
                "seal file " + path + " may be used by others than its owner: chmod 0600 it");
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return fail(ErrorKind::kPermissionDenied, "seal file " + path + " belongs to another user");
  return {};
}

// Straight into the arena: the Disk seam would leave the key in ordinary memory.
Result<SecretBytes> read_secret_file(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) {
    if (errno == ENOENT) return fail(ErrorKind::kNotFound, "seal file " + path + " is not there");
    return fail_errno("open seal file " + path);
  }
  COFFER_CHECK(check_file(file.get(), path));
  SecretBytes contents(format::kSealKeyFileSize + 1);
  const MutableByteView raw = contents.write(RawAccess::because("the seal's key is read from its file"));
  const ssize_t got = ::pread(file.get(), raw.data(), raw.size(), 0);
  if (got < 0) return fail_errno("read seal file " + path);
  return contents.slice(0, static_cast<size_t>(got));
}

struct KeyFile {
  format::UuidBytes installation_id;
  SecretBytes key;
};

Result<KeyFile> read_key_file(const std::string& path) {
  COFFER_TRY(contents, read_secret_file(path));
  const ByteView raw = contents.read(RawAccess::because("the seal's key file is parsed"));
  if (!ends_with_checksum(raw))
    return fail(ErrorKind::kCorrupt, "seal file " + path + ": it is damaged, or no seal key file");
  const auto parsed = format::parse_seal_key_file(raw);
  if (!parsed) return fail(parsed.error().kind, "seal file " + path + ": " + parsed.error().message);
  return KeyFile{parsed->installation_id, SecretBytes::copy_of(parsed->key)};
}

std::unique_ptr<Seal> seal_of(KeyFile file, const format::KeyFileParameters& parameters,
                              const std::string& path) {
  return std::make_unique<Seal>(format::SealKind::kKeyFile, file.installation_id, format::encode(parameters),
                                std::move(file.key), "key file " + path);
}

format::UuidBytes random_id() {
  format::UuidBytes id{};
  std::ranges::copy(crypto::random_bytes(id.size()), id.begin());
  return id;
}

}  // namespace

Result<std::unique_ptr<Seal>> create_key_file_seal(Disk& disk, const std::string& path,
                                                   const format::KeyFileParameters& parameters,
                                                   const format::UuidBytes* installation_id) {
  COFFER_TRY(present, disk.exists(path));
  if (present) return fail(ErrorKind::kConflict, "seal file " + path + " exists already");
  KeyFile file{installation_id != nullptr ? *installation_id : random_id(),
               crypto::random_secret(format::kSealKeySize)};
  SecretBytes contents(format::kSealKeyFileSize);
  const MutableByteView raw = contents.write(RawAccess::because("the seal's key is written to its file"));
  const MutableByteView checked = raw.first(raw.size() - format::kChecksumSize);
  format::encode_seal_key_file(file.installation_id,
                               file.key.read(RawAccess::because("the seal's key is written to its file")),
                               checked);
  std::ranges::copy(crypto::sha256(checked), raw.last(format::kChecksumSize).begin());
  COFFER_CHECK(replace_file(disk, path, raw));
  return seal_of(std::move(file), parameters, path);
}

Result<std::unique_ptr<Seal>> load_key_file_seal(const std::string& path,
                                                 const format::KeyFileParameters& parameters) {
  COFFER_TRY(file, read_key_file(path));
  return seal_of(std::move(file), parameters, path);
}

Result<SecretBytes> read_seal_key(const std::string& path) {
  COFFER_TRY(file, read_key_file(path));
  return std::move(file.key);
}

}  // namespace coffer::seals
