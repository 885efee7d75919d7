// SPDX-License-Identifier: Apache-2.0
#include "services/sts/packed_size.h"

#include <fmt/format.h>

#include "wire/gzip.h"

namespace coffer::services::sts {
namespace {

// Such that tags come out as AWS's users report it: nine of 252 characters at 498 per cent (issue 1898 of
// aws-actions/configure-aws-credentials).
constexpr size_t kRoom = 480, kFormOfTag = 14;  // bytes
constexpr size_t kFrameOfGzip = 18;             // bytes around what is packed (RFC 1952)

size_t packed(const std::vector<std::string>& policies) {
  if (policies.empty()) return 0;
  const std::string text = fmt::format("{}", fmt::join(policies, "\n"));
  const size_t size = wire::gzip(as_bytes(text)).size();
  return size < kFrameOfGzip ? text.size() : size - kFrameOfGzip;  // without memory it packs nothing
}

}  // namespace

Result<std::optional<int32_t>> packed_size(const std::vector<std::string>& policies,
                                           const SessionTags& tags) {
  if (policies.empty() && tags.empty()) return std::optional<int32_t>();
  size_t size = packed(policies);
  for (const auto& [name, value] : tags) size += name.size() + value.size() + kFormOfTag;
  const size_t percentage = size * 100 / kRoom;
  if (percentage <= 100) return static_cast<int32_t>(percentage);
  const char* message = policies.empty()
                            ? "Packed size of session tags consumes {}% of allotted space."
                            : "Packed policy consumes {}% of allotted space, please use smaller policy.";
  return fail(ErrorKind::kLimitExceeded, fmt::format(fmt::runtime(message), percentage),
              "PackedPolicyTooLarge");
}

}  // namespace coffer::services::sts
