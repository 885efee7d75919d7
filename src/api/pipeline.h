// SPDX-License-Identifier: Apache-2.0
// The one way of every API call (ARCHITECTURE section 5), from a request that came over HTTP to its answer.
// Thread-safe.
#pragma once
#include <string>

#include "api/authenticate.h"
#include "api/credential_uses.h"
#include "api/failpoint.h"
#include "api/idempotency.h"
#include "api/request_call.h"
#include "api/route.h"
#include "api/service_registry.h"
#include "services/installation.h"
#include "services/kms/request_quotas.h"
#include "wire/ec2_query_protocol.h"
#include "wire/http.h"
#include "wire/signing_key_cache.h"

namespace coffer::api {

class Pipeline {
 public:
  static constexpr size_t kLargestContent = 16 << 20;  // once its Content-Encoding is undone

  Pipeline(Installation& installation, ServiceRegistry services, Failpoint failpoint);

  // Whatever comes in, there is an answer; no exception leaves.
  wire::HttpResponse serve(wire::HttpRequest request);
  // One of EC2's operations for a principal who is known otherwise than by a signature: the same stages from
  // the typed request on, recorded like any other call. The answer as a record would show it, JSON. The error
  // is what a client would get.
  struct LocalRequest {
    std::string operation, region;
    wire::FormParameters parameters;
    CallOrigin origin;
  };
  Result<std::string> serve_locally(const policy::Principal& principal, const LocalRequest& request);
  // The answer to what HTTP itself refuses (too large, malformed), in the protocol that the request seems to
  // speak.
  wire::HttpResponse refuse_http(int status, std::string_view reason, const wire::HttpRequest& partial) const;

 private:
  wire::HttpResponse serve_call(wire::HttpRequest& request, const std::string& request_id);
  wire::HttpResponse refuse(const Service& service, const Refusal& refusal, const std::string& request_id);
  Result<wire::Value> perform(RequestCall& call, const Service& service, const wire::Operation& operation,
                              Result<wire::Value> typed);
  // Nothing leaves before it is recorded durably; the error is the public one.
  Status record(RequestCall& call, const Service& service, const Result<wire::Value>& response);
  Status check_quota(const RequestCall& call, const wire::Value& request);
  Result<wire::Value> handle(RequestCall& call, const Service& service, const wire::Operation& operation,
                             const wire::Value& typed);
  wire::HttpResponse fail_call(const Service& service, const Error& error, const std::string& request_id);

  Installation& installation_;
  const ServiceRegistry services_;
  const Failpoint failpoint_;
  KnownCredentials known_credentials_;
  wire::SigningKeyCache signing_keys_;
  CredentialUses credential_uses_;
  TokenLocks token_locks_;
  services::kms::RequestQuotas quotas_;
};

}  // namespace coffer::api
