// SPDX-License-Identifier: Apache-2.0
// EC2 Query: parameters of a form or query string in, XML out (EC2 API Reference, "Query Requests" and "Error
// codes"; Smithy 2.0, "EC2 query protocol"). Pure functions; bounded in the number of parameters and in
// depth.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/form.h"
#include "wire/shape.h"
#include "wire/value.h"

namespace coffer::wire {

// The request that the parameters hold, its constraints checked too. Action, Version and the parameters of
// authentication are passed over. List indices count only by their order, so gaps are closed. Errors:
// UnknownParameter, MissingParameter, InvalidParameterValue, InvalidParameterCombination for a parameter
// given twice.
Result<Value> parse_ec2_query(const Shape& input, const FormParameters& parameters);

// <CreateVolumeResponse xmlns="…"><requestId>…</requestId>…</CreateVolumeResponse>; an operation without
// output answers <return>true</return>.
std::string serialise_ec2_xml(const ServiceModel& model, const Operation& operation, const Value& value,
                              std::string_view request_id);

// <Response><Errors><Error><Code>…</Code><Message>…</Message></Error></Errors><RequestID>…</RequestID></Response>
std::string ec2_error_xml(const Error& error, std::string_view request_id);

}  // namespace coffer::wire
