// SPDX-License-Identifier: Apache-2.0
// `coffer volume certificate`: what a client needs to open a volume by NBD over TLS. The private key is made
// here and goes nowhere but into its file; the installation gets the public half to certify.
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/encoding.h"
#include "base/file_descriptor.h"
#include "base/ids.h"
#include "base/process_hardening.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "crypto/certificate.h"

namespace coffer::cli {
namespace {

constexpr std::string_view kAll = "all";

// PKCS#8 as text (RFC 7468 section 10).
secret::SecretBytes private_key_pem(const secret::SecretBytes& der) {
  std::string text = base64(der.read(secret::RawAccess::because("the key's owner gets it in a file")));
  std::string pem;
  pem.reserve(2 * text.size() + 128);  // no copy is left behind by growing
  pem += "-----BEGIN PRIVATE KEY-----\n";
  for (size_t i = 0; i < text.size(); i += 64) pem.append(text, i, 64).append("\n");
  pem += "-----END PRIVATE KEY-----\n";
  auto bytes = secret::SecretBytes::copy_of(as_bytes(pem));
  secret::wipe(text);
  secret::wipe(pem);
  return bytes;
}

// The folder's absolute path; made if it is not there.
Result<std::string> prepare_folder(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(ErrorKind::kIo, errno_error("make " + folder).message);
  char path[PATH_MAX];
  if (::realpath(folder.c_str(), path) == nullptr) return fail(ErrorKind::kIo, errno_error(folder).message);
  return std::string(path);
}

// Aside and renamed: a client that reads meanwhile finds the old file or the new one.
Status write_new_file(const std::string& path, ByteView contents, mode_t mode) {
  const std::string aside = path + ".new";
  ::unlink(aside.c_str());
  FileDescriptor file(::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file.valid()) return fail_errno("write " + aside);
  while (!contents.empty()) {
    const ssize_t written = ::write(file.get(), contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("write " + aside);
    contents = contents.subspan(static_cast<size_t>(written));
  }
  if (::fsync(file.get()) != 0) return fail_errno("write " + aside);
  if (::rename(aside.c_str(), path.c_str()) != 0) return fail_errno("rename " + aside);
  return {};
}

// Source: the NBD URI specification (nbd/doc/uri.md); tls-certificates is the parameter of libnbd.
std::string uri_of(const std::string& endpoint, const std::string& volume_id, const std::string& folder) {
  return "nbds://" + endpoint + "/" + volume_id + "?tls-certificates=" + percent_encode(folder, true);
}

Result<Document> make_certificate(const Common& common, const std::string& volume_id,
                                  const std::string& folder, int days) {
  const bool all = volume_id == kAll;
  if (!all && !is_resource_id(volume_id, "vol"))
    return fail(ErrorKind::kInvalidArgument,
                "'" + volume_id + "' is no volume id (for example: vol-0123456789abcdef0), nor `all`");
  COFFER_TRY(served, find_served(common.data));
  COFFER_CHECK(forbid_core_dumps());
  COFFER_TRY(pair, crypto::make_p256_key_pair());
  Document request;
  request.set("command", "volume-certificate");
  request.set("volume_id", all ? std::string_view("*") : std::string_view(volume_id));
  request.set("public_key", base64(pair.public_key_der));
  request.set("days", static_cast<int64_t>(days));
  COFFER_TRY(answer, ask(served, request));
  COFFER_TRY(path, prepare_folder(folder));
  const auto key = private_key_pem(pair.private_key_der);
  COFFER_CHECK(write_new_file(path + "/client-key.pem",
                              key.read(secret::RawAccess::because("the key's owner gets it in a file")),
                              0600));
  COFFER_CHECK(write_new_file(path + "/client-cert.pem", as_bytes(answer.text("certificate")), 0644));
  COFFER_CHECK(write_new_file(path + "/ca-cert.pem", as_bytes(answer.text("ca_certificate")), 0644));
  Document result;
  result.set("volume_id", volume_id);
  result.set("folder", path);
  result.set("days", static_cast<int64_t>(days));
  result.set("uri", uri_of(answer.text("endpoint"), all ? "" : volume_id, path));
  return result;
}

}  // namespace

int volume_certificate(const Common& common, const std::string& volume_id, const std::string& folder,
                       int days) {
  auto made = make_certificate(common, volume_id, folder, days);
  if (!made) return complain_about(made.error());
  print(common.json ? made->pretty() : made->text("uri") + "\n");
  return kOk;
}

}  // namespace coffer::cli
