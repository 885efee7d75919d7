// SPDX-License-Identifier: Apache-2.0
// The errors of the EBS direct APIs: a code, and for most of them a Reason. Source: EBS direct APIs
// Reference, "Errors" of each action and the Reason of each exception.
#pragma once
#include <string>

#include "base/result.h"

namespace coffer::services::ebs {

// ValidationException: the request can never succeed as it stands.
tl::unexpected<Error> invalid(const char* reason, std::string message);
// ResourceNotFoundException
tl::unexpected<Error> not_found(const char* reason, std::string message);
// AccessDeniedException
tl::unexpected<Error> denied(const char* reason, std::string message);

// An error of KMS's (DisabledException…) as the EBS direct APIs tell of it; any other as it is.
tl::unexpected<Error> key_error(const Error& error);

}  // namespace coffer::services::ebs
