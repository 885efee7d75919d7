// SPDX-License-Identifier: Apache-2.0
#include "policy/document_cache.h"

namespace coffer::policy {

Result<std::shared_ptr<const Document>> DocumentCache::read(std::string_view text, DocumentKind kind) {
  std::string name(1, static_cast<char>('0' + static_cast<int>(kind)));
  name += text;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = documents_.find(name); found != documents_.end()) return found->second;
  }
  COFFER_TRY(document, read_document(text, kind));
  auto shared = std::make_shared<const Document>(std::move(document));
  const std::lock_guard lock(mutex_);
  if (documents_.size() >= kMostDocuments || bytes_ + name.size() > kMostBytes) {
    documents_.clear();
    bytes_ = 0;
  }
  bytes_ += name.size();
  if (!documents_.emplace(std::move(name), shared).second) bytes_ -= text.size() + 1;
  return shared;
}

}  // namespace coffer::policy
