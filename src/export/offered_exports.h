// SPDX-License-Identifier: Apache-2.0
// What one client may choose from during its handshake. It holds no device: a client that dawdles keeps no
// volume open.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "export/nbd_export.h"
#include "format/nbd_handshake.h"

namespace coffer::exporting {

struct OfferedExport {
  std::string name, description;
  uint64_t size = 0;  // bytes
  bool read_only = false;
};

class OfferedExports {
 public:
  virtual ~OfferedExports() = default;
  // The export that a client means by `name`, or the error to refuse it with.
  virtual tl::expected<OfferedExport, format::nbd::OptionReply> find(std::string_view name) const = 0;
  virtual std::vector<std::string> names() const = 0;  // what LIST tells
};

inline OfferedExport offer(const NbdExport& served) {
  return {served.name, served.description, served.device->size(), served.read_only};
}

// One export, which the empty name means too.
class SingleExport final : public OfferedExports {
 public:
  explicit SingleExport(const NbdExport& served) : served_(served) {}
  tl::expected<OfferedExport, format::nbd::OptionReply> find(std::string_view name) const override {
    if (!name.empty() && name != served_.name) return tl::unexpected(format::nbd::kReplyErrorUnknown);
    return offer(served_);
  }
  std::vector<std::string> names() const override { return {served_.name}; }

 private:
  const NbdExport& served_;
};

}  // namespace coffer::exporting
