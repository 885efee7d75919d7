// SPDX-License-Identifier: Apache-2.0
// AWS Query, of IAM and STS: parameters of a form in, XML out (Smithy 2.0, "AWS Query protocol"; IAM API
// Reference, "Making query requests"). Unlike EC2's: lists are NAME.member.N, maps NAME.entry.N.key and
// .value, unknown parameters are passed over, and the answer is wrapped in a result. Pure functions; bounded
// as form.h is.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/form.h"
#include "wire/shape.h"
#include "wire/value.h"

namespace coffer::wire {

// The request that the parameters hold. Its constraints are not checked (validate.h). List indices count only
// by their order. Errors: MalformedInput for a value of another type than the member's; those of
// parameter_tree.
Result<Value> parse_query(const Shape& input, const FormParameters& parameters);

// <CreateUserResponse xmlns="…"><CreateUserResult>…</CreateUserResult><ResponseMetadata><RequestId>…; without
// a result for an operation without output.
std::string serialise_query_xml(const ServiceModel& model, const Operation& operation, const Value& value,
                                std::string_view request_id);

// <ErrorResponse xmlns="…"><Error><Type>Sender</Type><Code>…</Code><Message>…</Message></Error>
// <RequestId>…</RequestId></ErrorResponse>; Receiver from 500 on.
std::string query_error_xml(const ServiceModel& model, int http_status, const Error& error,
                            std::string_view request_id);

}  // namespace coffer::wire
