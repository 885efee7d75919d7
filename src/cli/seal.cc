// SPDX-License-Identifier: Apache-2.0
// `coffer seal status` and `coffer seal change`. The new seal's secret is made or asked for here and goes to
// keyd in a box that apid relays and cannot open (seals/seal_request.h).
#include <limits.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/encoding.h"
#include "base/process_hardening.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/secret_input.h"
#include "cli/unsealing.h"
#include "seals/key_file_seal.h"
#include "seals/passphrase_seal.h"
#include "seals/seal_request.h"

namespace coffer::cli {
namespace {

using format::SealKind;
using secret::RawAccess;
using secret::SecretBytes;

constexpr int kPatience = 90000;  // ms: a TPM or a token is slow

struct Material {
  SealKind kind = SealKind::kKeyFile;
  Bytes parameters;
  SecretBytes secret;
};

Result<std::string> absolute_path(const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  char here[PATH_MAX];
  if (::getcwd(here, sizeof here) == nullptr) return fail_errno("current folder");
  return std::string(here) + "/" + path;
}

// The file is on the disk before keyd hears of it.
Result<Material> new_key_file(const Served& served, const SealOptions& options) {
  COFFER_TRY(path, absolute_path(options.seal_file));
  if (path.empty())
    return fail(ErrorKind::kInvalidArgument, "--to key-file needs --seal-file PATH, a file that is made");
  const auto stored = stored_seal(served.folder);
  if (!stored) return fail(ErrorKind::kCorrupt, "the sealed domain keys cannot be read");
  const format::KeyFileParameters parameters{path};
  COFFER_TRY(seal, seals::create_key_file_seal(system_disk(), path, parameters, &stored->installation_id));
  COFFER_TRY(key, seals::read_seal_key(path));
  return Material{SealKind::kKeyFile, seal->parameters(), std::move(key)};
}

Result<Material> new_passphrase(const SealOptions& options) {
  auto passphrase = options.secret_fd >= 0 ? read_secret(options.secret_fd)
                                           : ask_for_new_secret("new passphrase for the domain keys");
  if (!passphrase) return tl::unexpected(std::move(passphrase.error()));
  COFFER_TRY(made, seals::make_passphrase_key(*passphrase));
  return Material{SealKind::kPassphrase, format::encode(made.parameters), std::move(made.key)};
}

Result<Material> new_material(const Served& served, const SealOptions& options) {
  const SealKind kind = format::seal_kind_named(options.to).value_or(SealKind::kKeyFile);
  if (kind == SealKind::kPassphrase) return new_passphrase(options);
  if (kind == SealKind::kKeyFile) return new_key_file(served, options);
  COFFER_TRY(parameters, device_parameters(kind, options.device));
  if (kind == SealKind::kTpm) return Material{kind, std::move(parameters), {}};
  auto pin = options.secret_fd >= 0 ? read_secret(options.secret_fd)
                                    : ask_for_secret("PIN of the token " + options.device.token + ": ");
  if (!pin) return tl::unexpected(std::move(pin.error()));
  return Material{kind, std::move(parameters), std::move(*pin)};
}

Result<Document> ask_for_status(const Served& served) {
  Document request;
  request.set("command", "seal-status");
  return ask(served, request);
}

Result<Document> change(const Served& served, const SealOptions& options) {
  COFFER_TRY(material, new_material(served, options));
  COFFER_TRY(status, ask_for_status(served));
  const auto sequence = static_cast<uint64_t>(status.number("sequence"));
  COFFER_TRY(box, seals::box_request(
                      served.folder + "/keyd", format::kChangeSealBinding, sequence,
                      {material.kind, material.parameters,
                       material.secret.read(RawAccess::because("keyd gets the new seal's key in a box"))}));
  Document request;
  request.set("command", "seal-change");
  request.set("seal", format::name_of(material.kind));
  request.set("sequence", static_cast<int64_t>(sequence));
  request.set("box", base64(box));
  COFFER_CHECK(ask(served, request, kPatience));
  return ask_for_status(served);
}

std::string readable(const Document& status) {
  return table({{"seal", status.text("description")},
                {"kind", status.text("seal")},
                {"sealed copies", "change " + status.text("sequence")},
                {"domain keys", "version " + status.text("newest_version") +
                                    (status.number("oldest_version") == status.number("newest_version")
                                         ? ""
                                         : ", back to " + status.text("oldest_version"))}});
}

int show(const Common& common, const Result<Document>& status) {
  if (!status) return complain_about(status.error());
  print(common.json ? status->pretty() : readable(*status));
  return kOk;
}

}  // namespace

int seal_status(const Common& common) {
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  return show(common, ask_for_status(*served));
}

int seal_change(const Common& common, const SealOptions& options) {
  (void)forbid_core_dumps();
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  return show(common, change(*served, options));
}

}  // namespace coffer::cli
