// SPDX-License-Identifier: Apache-2.0
// An error as a service's clients may see it. Pure.
#pragma once
#include "base/result.h"
#include "wire/shape.h"

namespace coffer::api {

// Is it a failure of the installation's, no matter what the call said?
bool is_ours_alone(ErrorKind kind);

// The error with the code that the service's clients know, and without what is none of their business: of an
// internal error only that it was one. Where the service's model has a Reason, it has one too.
Error public_error(const wire::ServiceModel& model, Error error);

}  // namespace coffer::api
