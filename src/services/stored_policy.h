// SPDX-License-Identifier: Apache-2.0
// Policies that are stored as text, read to decide by them. Who calls did not write them: that one cannot be
// read (an older version took it, or its row is damaged) is no fault of his request. Thread-safe.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "policy/document_cache.h"

namespace coffer::services {

// kCorrupt, "the stored WHAT: CAUSE", for what is no policy of that kind; callers hear of an internal error,
// the log has the message.
Result<std::shared_ptr<const policy::Document>> read_stored_policy(policy::DocumentCache& documents,
                                                                   std::string_view text,
                                                                   policy::DocumentKind kind,
                                                                   const std::string& what);

}  // namespace coffer::services
