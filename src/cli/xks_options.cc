// SPDX-License-Identifier: Apache-2.0
#include "cli/xks_options.h"

#include "base/disk.h"
#include "cli/listener.h"
#include "crypto/certificate_pem.h"

namespace coffer::cli {
namespace {

constexpr uint64_t kLargestFile = 16 << 20;

Status check_authorities(const std::string& path) {
  const auto pem = read_file(system_disk(), path, kLargestFile);
  if (!pem) return fail(ErrorKind::kInvalidArgument, "--xks-ca " + path + ": " + pem.error().message);
  if (crypto::count_certificates(*pem) > 0) return {};
  return fail(ErrorKind::kInvalidArgument,
              "--xks-ca " + path + ": it holds no certificates in PEM, or a damaged one");
}

Result<std::string> with_address(const std::string& text) {
  const size_t equals = text.find('=');
  const auto address =
      parse_listen_address(equals == std::string::npos ? "" : std::string_view(text).substr(equals + 1));
  if (equals == 0 || !address || address->port == 0)
    return fail(ErrorKind::kInvalidArgument,
                "--xks-connect " + text +
                    ": it is no HOST=ADDRESS:PORT (for example: proxy.example.com=192.0.2.1:443)");
  return text.substr(0, equals + 1) + host_and_port(*address);
}

}  // namespace

Status check_xks_options(UpOptions& options) {
  if (!options.xks_ca.empty()) COFFER_CHECK(check_authorities(options.xks_ca));
  for (std::string& text : options.xks_connect) {
    COFFER_TRY(checked, with_address(text));
    text = std::move(checked);
  }
  return {};
}

}  // namespace coffer::cli
