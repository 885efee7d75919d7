// SPDX-License-Identifier: Apache-2.0
// AWS's REST-JSON: an operation is a method and a path; its members stand in the path, the query string, the
// header fields and the body, where the model puts them (Smithy 2.0, "AWS restJson1 protocol" and "HTTP
// bindings"). Pure functions; bounded by the size of the request.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/http.h"
#include "wire/shape.h"
#include "wire/value.h"

namespace coffer::wire {

// The input that the request spells; `request` must have the operation's path (uri_template.h). Unknown
// parameters, fields and members are left out; of a repeated scalar the first counts. A body that is a member
// of its own is taken as it is, also an empty one. Errors: SerializationException. Constraints are
// validate.h's.
Result<Value> parse_rest_json(const Operation& operation, const HttpRequest& request);

// The answer: status, header fields and body, with its Content-Type.
HttpResponse serialise_rest_json(const Operation& operation, const Value& output);

// {"Message":"…","Reason":"…"}: the message under the name that the modelled error has for it ("message" for
// one that is not modelled), and those of the error's own members that the model knows. The code goes into
// the header field X-Amzn-ErrorType, and into a member ErrorCode where the model has one.
std::string rest_json_error_body(const ServiceModel& model, const Error& error);

}  // namespace coffer::wire
