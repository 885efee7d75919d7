// SPDX-License-Identifier: Apache-2.0
// Which calls take little time but for waiting on a fiber: for keyd, and for the commit of their record.
#pragma once
#include "wire/http.h"

namespace coffer::api {

// By what the request's header says it is, which nobody has checked yet: KMS's cryptographic operations.
// Their handlers hold no lock while they wait, and hand what blocks otherwise to run_blocking(). Pure.
bool is_brief_call(const wire::HttpRequest& request);

}  // namespace coffer::api
