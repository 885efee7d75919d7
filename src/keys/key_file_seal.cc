// SPDX-License-Identifier: Apache-2.0
#include "keys/key_file_seal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file_descriptor.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "format/ciphertext_blob.h"
#include "format/codec.h"
#include "keys/checksum.h"
#include "keys/message_sealing.h"

namespace coffer::keys {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

constexpr std::string_view kLabel = "coffer key-file seal v1";
constexpr uint8_t kSealedVersion = 1;

class KeyFileSeal final : public Seal {
 public:
  KeyFileSeal(SecretBytes key, const format::UuidBytes& installation_id, std::string path)
      : key_(std::move(key)), installation_id_(installation_id), path_(std::move(path)) {}

  format::SealKind kind() const override { return format::SealKind::kKeyFile; }
  std::string description() const override { return "key file " + path_; }
  const format::UuidBytes& installation_id() const override { return installation_id_; }

  Result<Bytes> seal(const SecretBytes& secret, ByteView associated_data) const override {
    const auto inputs = random_message_key_inputs();
    COFFER_TRY(sealed, seal_message(key_, kLabel, inputs, associated_data, secret));
    format::Writer writer;
    writer.u8(kSealedVersion);
    write(writer, inputs);
    return writer.raw(sealed).take();
  }

  Result<SecretBytes> open(ByteView sealed, ByteView associated_data) const override {
    format::Reader reader(sealed);
    const uint8_t version = reader.u8();
    const auto inputs = format::read_message_key_inputs(reader);
    if (!reader.ok() || version != kSealedVersion) return tl::unexpected(format::refused_ciphertext());
    return open_message(key_, kLabel, inputs, associated_data, reader.raw(reader.left()));
  }

 private:
  SecretBytes key_;
  format::UuidBytes installation_id_;
  std::string path_;
};

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

}  // namespace

Result<std::unique_ptr<Seal>> create_key_file_seal(Disk& disk, const std::string& path) {
  COFFER_TRY(present, disk.exists(path));
  if (present) return fail(ErrorKind::kConflict, "seal file " + path + " exists already");
  format::UuidBytes installation_id{};
  std::ranges::copy(crypto::random_bytes(installation_id.size()), installation_id.begin());
  SecretBytes key = crypto::random_secret(format::kSealKeySize);
  SecretBytes contents(format::kSealKeyFileSize);
  const MutableByteView raw = contents.write(RawAccess::because("the seal's key is written to its file"));
  const MutableByteView checked = raw.first(raw.size() - format::kChecksumSize);
  format::encode_seal_key_file(
      installation_id, key.read(RawAccess::because("the seal's key is written to its file")), checked);
  std::ranges::copy(crypto::sha256(checked), raw.last(format::kChecksumSize).begin());
  COFFER_CHECK(replace_file(disk, path, raw));
  return std::make_unique<KeyFileSeal>(std::move(key), installation_id, path);
}

Result<std::unique_ptr<Seal>> load_key_file_seal(const std::string& path) {
  COFFER_TRY(contents, read_secret_file(path));
  const ByteView raw = contents.read(RawAccess::because("the seal's key file is parsed"));
  if (!ends_with_checksum(raw))
    return fail(ErrorKind::kCorrupt, "seal file " + path + ": it is damaged, or no seal key file");
  const auto parsed = format::parse_seal_key_file(raw);
  if (!parsed) return fail(parsed.error().kind, "seal file " + path + ": " + parsed.error().message);
  return std::make_unique<KeyFileSeal>(SecretBytes::copy_of(parsed->key), parsed->installation_id, path);
}

}  // namespace coffer::keys
