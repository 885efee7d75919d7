// SPDX-License-Identifier: Apache-2.0
#include "api/answer.h"

#include <fmt/format.h>

#include "wire/ec2_query_protocol.h"
#include "wire/json_protocol.h"
#include "wire/query_protocol.h"
#include "wire/rest_json_protocol.h"

namespace coffer::api {
namespace {

constexpr const char* kXml = "text/xml;charset=UTF-8";

std::string json_type(std::string_view version) {
  return "application/x-amz-json-" + std::string(version);
}

wire::HttpResponse response(int status, std::string content_type, std::string body,
                            const std::string& request_id) {
  wire::HttpResponse made;
  made.status = status;
  made.headers.add("x-amzn-RequestId", request_id);
  made.headers.add("Content-Type", std::move(content_type));
  made.body = std::move(body);
  return made;
}

wire::HttpResponse json_error(int status, std::string_view version, const Error& error,
                              const std::string& request_id) {
  auto made = response(status, json_type(version), wire::json_error_body(error), request_id);
  made.headers.add("x-amzn-ErrorType", error.code);
  return made;
}

wire::HttpResponse rest_error(int status, const wire::ServiceModel& model, const Error& error,
                              const std::string& request_id) {
  auto made = response(status, "application/json", wire::rest_json_error_body(model, error), request_id);
  made.headers.add("x-amzn-ErrorType", error.code);
  return made;
}

// The error in the service's protocol.
wire::HttpResponse shaped_error(const Service& service, int status, const Error& error,
                                const std::string& request_id) {
  switch (service.protocol()) {
    case wire::Protocol::kJson:
      return json_error(status, service.model->json_version, error, request_id);
    case wire::Protocol::kRestJson:
      return rest_error(status, *service.model, error, request_id);
    case wire::Protocol::kQuery:
      return response(status, kXml, wire::query_error_xml(*service.model, status, error, request_id),
                      request_id);
    case wire::Protocol::kEc2:
      break;
  }
  return response(status, kXml, wire::ec2_error_xml(error, request_id), request_id);
}

wire::AuthErrorFamily family_of(wire::Protocol protocol) {
  switch (protocol) {
    case wire::Protocol::kJson:
      return wire::AuthErrorFamily::kJson;
    case wire::Protocol::kRestJson:
      return wire::AuthErrorFamily::kRestJson;
    case wire::Protocol::kQuery:
      return wire::AuthErrorFamily::kQuery;
    case wire::Protocol::kEc2:
      break;
  }
  return wire::AuthErrorFamily::kEc2;
}

int status_of(const wire::ServiceModel& model, const Error& error) {
  if (error.code == "DryRunOperation") return 412;
  // KMS's API reference gives DependencyTimeoutException 503, its model says only that the fault is the
  // server's.
  if (error.kind == ErrorKind::kUnavailable) return 503;
  return wire::http_status(model, error);
}

}  // namespace

wire::HttpResponse answer(const Service& service, const wire::Operation& operation, const wire::Value& value,
                          const std::string& request_id) {
  if (service.protocol() == wire::Protocol::kJson)
    return response(200, json_type(service.model->json_version),
                    wire::serialise_json(operation.output, value), request_id);
  if (service.protocol() == wire::Protocol::kRestJson) {
    auto made = wire::serialise_rest_json(operation, value);
    made.headers.add("x-amzn-RequestId", request_id);
    return made;
  }
  if (service.protocol() == wire::Protocol::kQuery)
    return response(200, kXml, wire::serialise_query_xml(*service.model, operation, value, request_id),
                    request_id);
  return response(200, kXml, wire::serialise_ec2_xml(*service.model, operation, value, request_id),
                  request_id);
}

wire::HttpResponse error_answer(const Service& service, const Error& error, const std::string& request_id) {
  return shaped_error(service, status_of(*service.model, error), error, request_id);
}

wire::HttpResponse auth_failure_answer(const Service& service, const wire::AuthFailure& failure,
                                       const std::string& request_id) {
  const auto answer = wire::answer_for(failure, family_of(service.protocol()));
  Error error{ErrorKind::kUnauthenticated, answer.message, answer.code};
  // EC2's one message for all refusals would leave it open which regions there are.
  if (service.protocol() == wire::Protocol::kEc2 && failure.reason == wire::AuthReason::kScope)
    error.message += ". " + failure.message;
  return shaped_error(service, answer.http_status, error, request_id);
}

namespace {
bool is_for_s3(const wire::HttpRequest& request) {
  const std::string_view host = request.connect_host.empty() ? request.headers.value_or("host", "")
                                                             : std::string_view(request.connect_host);
  return host.starts_with("s3.") || host.find(".s3.") != std::string_view::npos ||
         request.headers.value_or("authorization", "").find("/s3/aws4_request") != std::string_view::npos;
}
}  // namespace

wire::HttpResponse unknown_service_answer(const wire::HttpRequest& request, const std::string& operation,
                                          const std::string& request_id) {
  const std::string_view content_type = request.headers.value_or("content-type", "");
  if (request.headers.contains("x-amz-target") || content_type.starts_with("application/x-amz-json-1.")) {
    const bool old = content_type == "application/x-amz-json-1.0";
    const std::string message =
        operation.empty() ? "No operation was named" : "The operation " + operation + " is not served here";
    return json_error(400, old ? "1.0" : "1.1",
                      {ErrorKind::kUnsupported, message, "UnknownOperationException"}, request_id);
  }
  if (!operation.empty()) {
    const std::string message = fmt::format(
        "The action {} is not valid for this web service. It is of none that is served here.", operation);
    return response(400, kXml,
                    wire::ec2_error_xml({ErrorKind::kInvalidArgument, message, "InvalidAction"}, request_id),
                    request_id);
  }
  // A REST service: S3's clients read XML, all others JSON.
  constexpr std::string_view message = "This endpoint serves no such service.";
  if (is_for_s3(request))
    return response(
        501, kXml,
        fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NotImplemented</Code>"
                    "<Message>{}</Message><RequestId>{}</RequestId></Error>",
                    message, request_id),
        request_id);
  return json_error(404, "1.1", {ErrorKind::kUnsupported, std::string(message), "UnknownOperationException"},
                    request_id);
}

wire::HttpResponse http_failure_answer(const Service* service, int status, std::string_view reason,
                                       const std::string& request_id) {
  const std::string code = status == 413   ? "RequestEntityTooLarge"
                           : status == 503 ? "ServiceUnavailable"
                           : status >= 500 ? "InternalFailure"
                                           : "MalformedHttpRequest";
  Error error{ErrorKind::kInvalidArgument, std::string(reason), code};
  if (service != nullptr) {
    if (!is_form_protocol(service->protocol())) error.code += "Exception";
    return shaped_error(*service, status, error, request_id);
  }
  auto plain = wire::plain_response(status, reason);
  plain.headers.add("x-amzn-RequestId", request_id);
  return plain;
}

Error unknown_operation(const Service& service, const std::string& operation) {
  if (service.protocol() == wire::Protocol::kRestJson)
    return {ErrorKind::kNotFound, "No operation has this method and path", "UnknownOperationException"};
  if (service.protocol() == wire::Protocol::kJson)
    return {
        ErrorKind::kInvalidArgument,
        operation.empty() ? "No operation was named" : "The operation " + operation + " is not served here",
        "UnknownOperationException"};
  if (operation.empty())
    return {ErrorKind::kInvalidArgument, "The request must contain the parameter Action", "MissingAction"};
  return {ErrorKind::kInvalidArgument, "The action " + operation + " is not valid for this web service.",
          "InvalidAction"};
}

}  // namespace coffer::api
