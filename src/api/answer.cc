// SPDX-License-Identifier: Apache-2.0
#include "api/answer.h"

#include <fmt/format.h>

#include "wire/ec2_query_protocol.h"
#include "wire/json_protocol.h"

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

std::string json_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return "ValidationException";
    case ErrorKind::kNotFound:
      return "NotFoundException";
    case ErrorKind::kConflict:
      return "KMSInvalidStateException";
    case ErrorKind::kPermissionDenied:
    case ErrorKind::kUnauthenticated:
      return "AccessDeniedException";
    case ErrorKind::kLimitExceeded:
      return "LimitExceededException";
    case ErrorKind::kUnsupported:
      return "UnsupportedOperationException";
    case ErrorKind::kUnavailable:
      return "DependencyTimeoutException";
    case ErrorKind::kRefusedCiphertext:
      return "InvalidCiphertextException";
    default:
      return "KMSInternalException";
  }
}

// Source: Amazon EC2 API Reference, "Error codes for the Amazon EC2 API".
std::string ec2_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
    case ErrorKind::kNotFound:
      return "InvalidParameterValue";
    case ErrorKind::kConflict:
      return "IncorrectState";
    case ErrorKind::kPermissionDenied:
      return "UnauthorizedOperation";
    case ErrorKind::kUnauthenticated:
      return "AuthFailure";
    case ErrorKind::kLimitExceeded:
      return "ResourceLimitExceeded";
    case ErrorKind::kUnsupported:
      return "UnsupportedOperation";
    case ErrorKind::kUnavailable:
      return "Unavailable";
    default:
      return "InternalError";
  }
}

int status_of(const wire::ServiceModel& model, const Error& error) {
  if (error.code == "DryRunOperation") return 412;
  // KMS's API reference gives DependencyTimeoutException 503, its model says only that the fault is the
  // server's.
  if (error.kind == ErrorKind::kUnavailable) return 503;
  return wire::http_status(model, error);
}

bool is_ours_alone(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInternal:
    case ErrorKind::kIo:
    case ErrorKind::kNoSpace:
    case ErrorKind::kCorrupt:
    case ErrorKind::kTooNew:
      return true;
    default:
      return false;
  }
}

}  // namespace

Error public_error(const wire::ServiceModel& model, Error error) {
  const bool json = model.protocol == wire::Protocol::kJson;
  if (!error.code.empty()) return error;
  error.code = json ? json_code(error.kind) : ec2_code(error.kind);
  if (is_ours_alone(error.kind)) {
    error.message =
        json ? "The request was rejected because an internal exception occurred. The request can be retried."
             : "An internal error has occurred";
    // The one cause of ours that the caller may be able to mend.
    if (error.kind == ErrorKind::kNoSpace) error.message += " (the disk of this installation is full)";
  } else if (error.kind == ErrorKind::kUnavailable) {
    error.message =
        (json ? "The system timed out while trying to fulfill the request. The request can be retried."
              : "The server is overloaded and can't handle the request. Please try again shortly.") +
        (" (" + error.message + ")");
  }
  return error;
}

wire::HttpResponse answer(const Service& service, const wire::Operation& operation, const wire::Value& value,
                          const std::string& request_id) {
  if (service.is_json())
    return response(200, json_type(service.model->json_version),
                    wire::serialise_json(operation.output, value), request_id);
  return response(200, kXml, wire::serialise_ec2_xml(*service.model, operation, value, request_id),
                  request_id);
}

wire::HttpResponse error_answer(const Service& service, const Error& error, const std::string& request_id) {
  const int status = status_of(*service.model, error);
  if (service.is_json()) return json_error(status, service.model->json_version, error, request_id);
  return response(status, kXml, wire::ec2_error_xml(error, request_id), request_id);
}

wire::HttpResponse auth_failure_answer(const Service& service, const wire::AuthFailure& failure,
                                       const std::string& request_id) {
  const auto answer = wire::answer_for(
      failure, service.is_json() ? wire::AuthErrorFamily::kJson : wire::AuthErrorFamily::kEc2);
  Error error{ErrorKind::kUnauthenticated, answer.message, answer.code};
  if (service.is_json())
    return json_error(answer.http_status, service.model->json_version, error, request_id);
  // EC2's one message for all refusals would leave it open which regions there are.
  if (failure.reason == wire::AuthReason::kScope) error.message += ". " + failure.message;
  return response(answer.http_status, kXml, wire::ec2_error_xml(error, request_id), request_id);
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
  const Error error{ErrorKind::kInvalidArgument, std::string(reason), code};
  if (service != nullptr && service->is_json()) {
    Error named = error;
    named.code += "Exception";
    return json_error(status, service->model->json_version, named, request_id);
  }
  if (service != nullptr) return response(status, kXml, wire::ec2_error_xml(error, request_id), request_id);
  auto plain = wire::plain_response(status, reason);
  plain.headers.add("x-amzn-RequestId", request_id);
  return plain;
}

Error unknown_operation(const Service& service, const std::string& operation) {
  if (service.is_json())
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
