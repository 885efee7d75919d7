// SPDX-License-Identifier: Apache-2.0
// From a call to its record in the trail. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "catalog/rows.h"
#include "policy/requester.h"
#include "services/call.h"
#include "trail/record.h"
#include "wire/shape.h"
#include "wire/value.h"

namespace coffer::api {

trail::UserIdentity identity_of(const policy::Principal& principal);

// Does the operation change nothing? As CloudTrail classes them: cryptographic operations of KMS read.
bool is_read_only(std::string_view operation);

// KMS keys that a request or its answer names, as ARNs.
std::vector<std::string> key_arns(const wire::Value& request, const wire::Value& response,
                                  const std::string& region, const std::string& account);

// The ARNs of the keys that a cryptographic operation of KMS used, as its answer names them.
std::vector<std::string> used_key_arns(const wire::Value& response);

// The error code as CloudTrail shows it: EC2's carry the side whose fault it was
// ("Client.InvalidVolume.NotFound").
std::string recorded_error_code(const wire::ServiceModel& model, const Error& public_error);

// A record for what `call` asked of another service on its principal's behalf.
trail::Record record_of(const Call& call, const DependentCall& dependent);

catalog::TrailEvent event_of(trail::Record record);

}  // namespace coffer::api
