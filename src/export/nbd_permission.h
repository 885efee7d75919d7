// SPDX-License-Identifier: Apache-2.0
// What a client's certificate lets it open: the volumes that its URI subject alternative names list,
// coffer:nbd:VOLUME-ID or coffer:nbd:* (docs/format/nbd.md).
#pragma once
#include <string>
#include <vector>

#include "export/export_directory.h"

struct ssl_st;

namespace coffer::exporting {

struct NbdPermission {
  bool everything = false;
  std::vector<std::string> names;

  bool permits(std::string_view name) const;
};

// Of the peer, whose certificate was verified. Nothing is permitted to a certificate without the purpose
// clientAuth, as the endpoint's own are, or without such a name.
NbdPermission permission_of(const ssl_st& tls);

// Of the directory, what the permission lets through. The empty name means the one volume of a certificate
// that names one. Both outlive it.
class PermittedExports final : public OfferedExports {
 public:
  PermittedExports(const ExportDirectory& directory, const NbdPermission& permission)
      : directory_(directory), permission_(permission) {}
  // ERR_POLICY for what is not permitted, whether it exists or not.
  tl::expected<OfferedExport, format::nbd::OptionReply> find(std::string_view name) const override;
  std::vector<std::string> names() const override;

 private:
  const ExportDirectory& directory_;
  const NbdPermission& permission_;
};

}  // namespace coffer::exporting
