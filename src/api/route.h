// SPDX-License-Identifier: Apache-2.0
// Which service and operation does a request name? Pure. JSON services are named by X-Amz-Target, EC2 by
// Action, and both by the host they were sent to ("kms.us-west-2.amazonaws.com"), which tells the service of
// a request that names no operation. REST services are named by the host, or else by the signature's scope,
// and their operations by method and path.
#pragma once
#include <string>

#include "api/service_registry.h"
#include "wire/ec2_query_protocol.h"
#include "wire/http.h"

namespace coffer::api {

struct Route {
  const Service* service = nullptr;  // null: the request names none that is served here
  std::string operation;             // as named by the request, perhaps unknown or empty
};

// What an unauthenticated request seems to be for; decides in which protocol it is answered.
Route find_route(const ServiceRegistry& services, const wire::HttpRequest& request);

// The request's query string and form body, one after the other.
Result<wire::FormParameters> form_parameters(const wire::HttpRequest& request);

}  // namespace coffer::api
