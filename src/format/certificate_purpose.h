// SPDX-License-Identifier: Apache-2.0
// What the installation's authority certifies, and how a certificate for NBD names a volume
// (docs/format/nbd.md).
#pragma once
#include <cstdint>
#include <string_view>

namespace coffer::format {

enum class CertificatePurpose : uint8_t {
  kServer = 0,     // serverAuth; names are DNS names and IP addresses
  kNbdClient = 1,  // clientAuth; names are URIs, kNbdPrefix and a volume's id or "*"
};
inline constexpr std::string_view kNbdPrefix = "coffer:nbd:";

}  // namespace coffer::format
