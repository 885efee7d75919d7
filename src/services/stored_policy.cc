// SPDX-License-Identifier: Apache-2.0
#include "services/stored_policy.h"

namespace coffer::services {

Result<std::shared_ptr<const policy::Document>> read_stored_policy(policy::DocumentCache& documents,
                                                                   std::string_view text,
                                                                   policy::DocumentKind kind,
                                                                   const std::string& what) {
  auto document = documents.read(text, kind);
  if (!document) return fail(ErrorKind::kCorrupt, "the stored " + what + ": " + document.error().message);
  return document;
}

}  // namespace coffer::services
