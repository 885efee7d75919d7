// SPDX-License-Identifier: Apache-2.0
#include "api/brief_calls.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace coffer::api {
namespace {

constexpr size_t kLargestBody = 64 << 10;

// Not GenerateDataKeyPair: keyd may look for primes for seconds, and each fiber keeps a stack meanwhile.
constexpr std::array<std::string_view, 11> kBrief = {
    "Decrypt",
    "DeriveSharedSecret",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "GenerateRandom",
    "ReEncrypt",
    "Sign",
    "Verify",
    "VerifyMac",
};
static_assert(std::ranges::is_sorted(kBrief));

}  // namespace

bool is_brief_call(const wire::HttpRequest& request) {
  constexpr std::string_view kService = "TrentService.";
  // More than any of them needs: its digest alone would hold up the thread's other connections.
  if (request.body.size() > kLargestBody || request.headers.contains("content-encoding")) return false;
  const std::string_view target = request.headers.value_or("x-amz-target", "");
  return target.starts_with(kService) && std::ranges::binary_search(kBrief, target.substr(kService.size()));
}

}  // namespace coffer::api
