// SPDX-License-Identifier: Apache-2.0
#include "services/iam/documents.h"

#include <algorithm>

#include "base/encoding.h"

namespace coffer::services::iam {

Status check_document(const std::string& text, policy::DocumentKind kind) {
  if (auto document = policy::read_document(text, kind); !document)
    return fail(ErrorKind::kInvalidArgument, std::move(document.error().message), "MalformedPolicyDocument");
  return {};
}

size_t counted_size(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) {
    return c != ' ' && c != '\t' && c != '\n' && c != '\r' && (static_cast<uint8_t>(c) & 0xC0) != 0x80;
  }));
}

std::string encoded_document(const std::string& text) {
  return percent_encode(text);
}

}  // namespace coffer::services::iam
