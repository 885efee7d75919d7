// SPDX-License-Identifier: Apache-2.0
// Answers in the service's protocol. Pure.
#pragma once
#include <string>

#include "api/service_registry.h"
#include "wire/auth_failure.h"
#include "wire/http.h"

namespace coffer::api {

wire::HttpResponse answer(const Service& service, const wire::Operation& operation, const wire::Value& value,
                          const std::string& request_id);
wire::HttpResponse error_answer(const Service& service, const Error& public_error,
                                const std::string& request_id);
wire::HttpResponse auth_failure_answer(const Service& service, const wire::AuthFailure& failure,
                                       const std::string& request_id);
// For a request that names no service of ours.
wire::HttpResponse unknown_service_answer(const wire::HttpRequest& request, const std::string& operation,
                                          const std::string& request_id);

// For a request that HTTP itself refuses; `service` may be null.
wire::HttpResponse http_failure_answer(const Service* service, int status, std::string_view reason,
                                       const std::string& request_id);

// The error of a request whose operation the service does not have.
Error unknown_operation(const Service& service, const std::string& operation);

}  // namespace coffer::api
