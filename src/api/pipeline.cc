// SPDX-License-Identifier: Apache-2.0
#include "api/pipeline.h"

#include "api/answer.h"
#include "api/public_error.h"
#include "base/ids.h"
#include "base/log.h"
#include "wire/gzip.h"
#include "wire/json_protocol.h"
#include "wire/query_protocol.h"
#include "wire/redact.h"
#include "wire/rest_json_protocol.h"
#include "wire/validate.h"

namespace coffer::api {
namespace {

// The request as the service's model describes it, its constraints checked.
Result<wire::Value> typed_request(const Service& service, const wire::Operation& operation,
                                  const wire::HttpRequest& request) {
  if (service.protocol() == wire::Protocol::kEc2) {
    COFFER_TRY(parameters, form_parameters(request));
    return wire::parse_ec2_query(*operation.input, parameters);
  }
  if (service.protocol() == wire::Protocol::kQuery) {
    COFFER_TRY(parameters, form_parameters(request));
    COFFER_TRY(value, wire::parse_query(*operation.input, parameters));
    if (auto valid = wire::validate(*operation.input, value); !valid)
      return fail(valid.error().kind, std::move(valid.error().message), "ValidationError");
    return value;
  }
  const bool rest = service.protocol() == wire::Protocol::kRestJson;
  COFFER_TRY(value, rest ? wire::parse_rest_json(operation, request)
                         : wire::parse_json(*operation.input, as_text(request.body)));
  COFFER_CHECK(wire::validate(*operation.input, value));
  return value;
}

// Why there is no operation: a form that cannot be read names none.
Error no_operation(const Service& service, const Route& route, const wire::HttpRequest& request) {
  if (is_form_protocol(service.protocol()))
    if (auto form = form_parameters(request); !form) return std::move(form.error());
  return unknown_operation(service, route.operation);
}

// EC2's DryRun: "checks whether you have the required permissions for the action, without actually making the
// request".
bool is_dry_run(const Service& service, const wire::Value& request) {
  if (service.protocol() != wire::Protocol::kEc2) return false;
  const wire::Value* wish = request.member("DryRun");
  const bool* value = wish == nullptr ? nullptr : wish->as<bool>();
  return value != nullptr && *value;
}

// Services whose handlers ask for each operation themselves, with the ARN that it is about. For the others
// the operation is asked for here, on "*".
bool handlers_ask(const Service& service) {
  const std::string name = service.name();
  return name == "kms" || name == "iam" || name == "sts" || name == "organizations";
}

Status authorise(Call& call, const Service& service, const wire::Operation& operation,
                 const wire::Value& request) {
  if (service.authorise) return service.authorise(operation.name, call, request);
  if (handlers_ask(service)) return {};
  return call.authorise(call.service + ":" + call.operation, "*");
}

// What the operation's clients may sign, and must.
wire::SigV4Rules signing_rules(const Service& service, const Route& route) {
  const wire::Operation* operation = service.model->find_operation(route.operation);
  wire::SigV4Rules rules;
  rules.unsigned_payload = operation != nullptr && operation->unsigned_payload;
  rules.parameters_in_headers = service.protocol() == wire::Protocol::kRestJson;
  return rules;
}

// Who asks by a token that the operation itself takes, in place of a signature.
bool takes_no_signature(const Service& service, const Route& route) {
  return std::string_view(service.name()) == "sts" && route.operation == "AssumeRoleWithWebIdentity";
}

// AWS's other operation without a signature. It is not served, and to ask for a signature would send the
// caller looking for credentials.
bool is_unserved_without_signature(const Service& service, const Route& route) {
  return std::string_view(service.name()) == "sts" && route.operation == "AssumeRoleWithSAML";
}

// "You cannot call any IAM API operations unless MFA authentication information is included in the request"
// (STS API Reference, GetSessionToken).
bool lacks_mfa_for_iam(const Call& call) {
  const auto type = call.principal.type;
  const bool of_session_token = call.principal.temporary && (type == policy::PrincipalType::kUser ||
                                                             type == policy::PrincipalType::kRoot);
  return of_session_token && call.service == "iam" && !call.principal.session.mfa_authenticated;
}

// What temporary credentials of a user cannot call, whatever policies say. Of a federated user: "any IAM
// operations", nor "any STS operations except GetCallerIdentity" (STS API Reference, GetFederationToken). Of
// GetSessionToken: IAM without MFA, nor "any STS API except AssumeRole or GetCallerIdentity".
Status check_open(const Call& call) {
  using policy::PrincipalType;
  if (lacks_mfa_for_iam(call))
    return fail(
        ErrorKind::kPermissionDenied,
        "The security token included in the request is invalid: that of GetSessionToken calls IAM only "
        "when it was got with an MFA code",
        "InvalidClientTokenId");
  if (!call.principal.temporary || call.principal.type == PrincipalType::kRoleSession) return {};
  const bool federated = call.principal.type == PrincipalType::kFederatedUser;
  const bool open = call.operation == "GetCallerIdentity" || (!federated && call.operation == "AssumeRole");
  const bool closed = (call.service == "iam" && federated) || (call.service == "sts" && !open);
  if (!closed) return {};
  const char* whose = federated ? "the credentials of a federated user" : "session credentials";
  return fail(ErrorKind::kPermissionDenied, "Cannot call " + call.operation + " with " + whose,
              "AccessDenied");
}

// Nobody yet: the handler says who it is, once the token is proven.
Caller unknown_caller(const Installation& installation, const Service& service) {
  Caller caller;
  caller.principal.type = policy::PrincipalType::kWebIdentity;
  caller.principal.account = installation.owner_account;
  caller.region = installation.regions.front();
  caller.service = service.name();
  return caller;
}

// Of a call that has not come far enough to succeed.
Error error_of(const Result<wire::Value>& response) {
  return response ? Error{ErrorKind::kInternal, "an answer for nobody", {}} : response.error();
}

// Such a caller leaves a record only once it is somebody: strangers must not fill the trail.
bool is_nobody(const policy::Principal& principal) {
  return principal.type == policy::PrincipalType::kWebIdentity && principal.id.empty();
}

}  // namespace

Pipeline::Pipeline(Installation& installation, ServiceRegistry services, Failpoint failpoint)
    : installation_(installation),
      services_(std::move(services)),
      failpoint_(std::move(failpoint)),
      signing_keys_(installation.clock),
      quotas_(installation.clock) {}

wire::HttpResponse Pipeline::serve(wire::HttpRequest request) {
  const std::string request_id = make_uuid(installation_.random);
  try {
    return serve_call(request, request_id);
  } catch (const std::exception& exception) {
    log_error("request {}: exception: {}", request_id, exception.what());
  } catch (...) {
    log_error("request {}: unknown exception", request_id);
  }
  return wire::plain_response(500, "Internal error");
}

wire::HttpResponse Pipeline::refuse_http(int status, std::string_view reason,
                                         const wire::HttpRequest& partial) const {
  return http_failure_answer(find_route(services_, partial).service, status, reason,
                             make_uuid(installation_.random));
}

// The stages of a call, in their order.
wire::HttpResponse Pipeline::serve_call(wire::HttpRequest& request, const std::string& request_id) {
  // HTTP: the service that is addressed, in whose protocol even a refusal is answered.
  Route route = find_route(services_, request);
  if (route.service == nullptr) return unknown_service_answer(request, route.operation, request_id);
  const Service& service = *route.service;

  if (is_unserved_without_signature(service, route))
    return fail_call(service, no_operation(service, route, request), request_id);

  // SigV4: who asks? The signature covers the body as it was sent, if it covers it.
  const bool is_unsigned = takes_no_signature(service, route);
  const auto caller = is_unsigned ? unknown_caller(installation_, service)
                                  : authenticate(installation_, known_credentials_, signing_keys_, request,
                                                 service.name(), signing_rules(service, route));
  if (!caller) return refuse(service, caller.error(), request_id);

  // Route: what for?
  if (request.headers.contains("content-encoding") && !is_unsigned) {
    if (auto decoded = wire::decode_content(request, kLargestContent); !decoded)
      return fail_call(service, decoded.error(), request_id);
    route = find_route(services_, request);
  }
  const wire::Operation* operation = service.model->find_operation(route.operation);
  if (operation == nullptr) return fail_call(service, no_operation(service, route, request), request_id);

  RequestCall call(installation_, caller->principal, service, *operation,
                   {request.peer_address, std::string(request.headers.value_or("user-agent", "")),
                    request.is_tls, request.vpc_endpoint, request.vpc},
                   failpoint_);
  call.region = caller->region;
  call.request_id = request_id;
  call.time = installation_.clock.now();
  if (const std::string used = used_credential(caller->principal);
      !is_unsigned && !used.empty() && credential_uses_.is_due(used, call.time))
    call.note_use();

  // Typed request → authorise → idempotency → handler → typed response.
  const auto response = perform(call, service, *operation, typed_request(service, *operation, request));

  // Trail.
  if (is_nobody(call.principal)) return fail_call(service, error_of(response), request_id);
  if (const auto recorded = record(call, service, response); !recorded)
    return fail_call(service, recorded.error(), request_id);
  if (!response) return fail_call(service, response.error(), request_id);
  return answer(service, *operation, *response, request_id);
}

Status Pipeline::record(RequestCall& call, const Service& service, const Result<wire::Value>& response) {
  if (response) return call.record_success(*response);
  return call.record_failure(public_error(*service.model, response.error()));
}

Result<std::string> Pipeline::serve_locally(const policy::Principal& principal, const LocalRequest& request) {
  const Service* service = services_.ec2();
  const wire::Operation* operation =
      service == nullptr ? nullptr : service->model->find_operation(request.operation);
  if (operation == nullptr)
    return fail(ErrorKind::kUnsupported, "there is no operation " + request.operation, "InvalidAction");
  RequestCall call(installation_, principal, *service, *operation, request.origin, failpoint_);
  call.region = request.region;
  call.request_id = make_uuid(installation_.random);
  call.time = installation_.clock.now();
  const auto response =
      perform(call, *service, *operation, wire::parse_ec2_query(*operation->input, request.parameters));
  COFFER_CHECK(record(call, *service, response));
  if (!response) return tl::unexpected(public_error(*service->model, response.error()));
  return wire::redacted_json(operation->output, *response, SIZE_MAX);
}

Result<wire::Value> Pipeline::perform(RequestCall& call, const Service& service,
                                      const wire::Operation& operation, Result<wire::Value> request) {
  COFFER_TRY(typed, std::move(request));
  call.set_request(typed);
  const bool dry_run = is_dry_run(service, typed);
  COFFER_CHECK(check_quota(call, typed));

  COFFER_CHECK(check_open(call));
  // Before a stored answer is given again, too.
  COFFER_CHECK(authorise(call, service, operation, typed));

  std::optional<TokenLocks::Held> held;
  if (auto repeatable = IdempotentRequest::of(operation, typed, call.account, call.region);
      repeatable && !dry_run) {
    held.emplace(token_locks_.acquire(*repeatable));
    COFFER_TRY(answered_before, repeatable->find_answer(installation_.catalog));
    if (answered_before) return std::move(*answered_before);
    call.keep_answer(std::move(*repeatable));
  }

  if (dry_run)
    return fail(ErrorKind::kPermissionDenied, "Request would have succeeded, but DryRun flag is set.",
                "DryRunOperation");

  COFFER_TRY(response, handle(call, service, operation, typed));
  COFFER_CHECK(check_asked(call));
  COFFER_CHECK(check_complete(operation, response));
  return response;
}

Status Pipeline::check_quota(const RequestCall& call, const wire::Value& request) {
  if (!installation_.kms_request_quotas || call.service != "kms") return {};
  const wire::Value* member = request.member("KeyPairSpec");
  const std::string* spec = member == nullptr ? nullptr : member->as<std::string>();
  return quotas_.take(call.account, call.region,
                      services::kms::quota_of(call.operation, spec == nullptr ? "" : *spec));
}

// The edge where a handler's exception becomes an error like any other.
Result<wire::Value> Pipeline::handle(RequestCall& call, const Service& service,
                                     const wire::Operation& operation, const wire::Value& typed) {
  try {
    return service.dispatch(operation.name, call, typed);
  } catch (const std::exception& exception) {
    return fail(ErrorKind::kInternal, std::string("exception: ") + exception.what());
  }
}

wire::HttpResponse Pipeline::refuse(const Service& service, const Refusal& refusal,
                                    const std::string& request_id) {
  if (const auto* failure = std::get_if<wire::AuthFailure>(&refusal))
    return auth_failure_answer(service, *failure, request_id);
  return fail_call(service, std::get<Error>(refusal), request_id);
}

wire::HttpResponse Pipeline::fail_call(const Service& service, const Error& error,
                                       const std::string& request_id) {
  wire::HttpResponse response = error_answer(service, public_error(*service.model, error), request_id);
  // Organizations answers 400 to those too.
  if (response.status >= 500 || is_ours_alone(error.kind))
    log_error("request {} of {}: {}: {}", request_id, service.name(), to_string(error.kind), error.message);
  return response;
}

}  // namespace coffer::api
