// SPDX-License-Identifier: Apache-2.0
// Policy documents as IAM takes and shows them. Pure functions.
#pragma once
#include <string>

#include "base/result.h"
#include "policy/document.h"

namespace coffer::services::iam {

// MalformedPolicyDocument with what is wrong.
Status check_document(const std::string& text, policy::DocumentKind kind);

// How IAM counts a policy's size: characters but for white space.
size_t counted_size(const std::string& text);

// Answers have documents percent-encoded (IAM API Reference, "GetUserPolicy").
std::string encoded_document(const std::string& text);

}  // namespace coffer::services::iam
