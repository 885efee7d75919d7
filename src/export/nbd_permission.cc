// SPDX-License-Identifier: Apache-2.0
#include "export/nbd_permission.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "format/certificate_purpose.h"

namespace coffer::exporting {
namespace {

// Each answer is small, so that a whole list never waits for a client that does not read.
constexpr size_t kMostListed = 1024;

bool is_for_clients(X509* certificate) {
  return (X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) != 0 &&
         (X509_get_extended_key_usage(certificate) & XKU_SSL_CLIENT) != 0;
}

std::string_view uri_of(const GENERAL_NAME* name) {
  if (name->type != GEN_URI) return {};
  const ASN1_IA5STRING* text = name->d.uniformResourceIdentifier;
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

}  // namespace

bool NbdPermission::permits(std::string_view name) const {
  return everything || std::ranges::find(names, name) != names.end();
}

NbdPermission permission_of(const ssl_st& tls) {
  NbdPermission permission;
  X509* certificate = SSL_get0_peer_certificate(&tls);
  if (certificate == nullptr || !is_for_clients(certificate)) return permission;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    std::string_view uri = uri_of(sk_GENERAL_NAME_value(all.get(), i));
    if (!uri.starts_with(format::kNbdPrefix)) continue;
    uri.remove_prefix(format::kNbdPrefix.size());
    if (uri == "*") permission.everything = true;
    if (!uri.empty() && uri != "*") permission.names.emplace_back(uri);
  }
  return permission;
}

tl::expected<OfferedExport, format::nbd::OptionReply> PermittedExports::find(std::string_view name) const {
  const bool only_one = !permission_.everything && permission_.names.size() == 1;
  if (name.empty() && only_one) name = permission_.names.front();
  if (!permission_.permits(name)) return tl::unexpected(format::nbd::kReplyErrorPolicy);
  auto found = directory_.find(name);
  if (!found) return tl::unexpected(format::nbd::kReplyErrorUnknown);
  return std::move(*found);
}

std::vector<std::string> PermittedExports::names() const {
  std::vector<std::string> names = directory_.names();
  std::erase_if(names, [this](const std::string& name) { return !permission_.permits(name); });
  if (names.size() > kMostListed) names.resize(kMostListed);
  return names;
}

}  // namespace coffer::exporting
