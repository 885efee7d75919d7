// SPDX-License-Identifier: Apache-2.0
// The condition keys that the request of a simulation brings. Pure.
// Source: IAM API Reference, ContextEntry.
#pragma once
#include <vector>

#include "policy/context.h"
#include "services/iam/iam_service.h"

namespace coffer::services::iam {

// Sets each of them, as values of the type that its entry names. InvalidInput for a value that is none.
Status add_context_entries(const std::vector<api::ContextEntry>& entries, policy::Context& context);

}  // namespace coffer::services::iam
