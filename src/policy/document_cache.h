// SPDX-License-Identifier: Apache-2.0
// Policy documents by their text, so that one that decides many requests is read once. Bounded in number and
// in size; when full it forgets everything and begins anew. Thread-safe.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "policy/document.h"

namespace coffer::policy {

class DocumentCache {
 public:
  static constexpr size_t kMostDocuments = 20'000;
  static constexpr size_t kMostBytes = 64 << 20;  // of text

  // As read_document gives it, which is asked on a miss. The document stays as long as somebody holds it.
  Result<std::shared_ptr<const Document>> read(std::string_view text, DocumentKind kind);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const Document>> documents_;  // by kind and text
  size_t bytes_ = 0;
};

}  // namespace coffer::policy
