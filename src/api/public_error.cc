// SPDX-License-Identifier: Apache-2.0
#include "api/public_error.h"

#include <algorithm>
#include <initializer_list>

#include "api/organizations_reason.h"

namespace coffer::api {
namespace {

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

// Source: AWS Organizations API Reference, the errors of its operations.
std::string organizations_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
    case ErrorKind::kUnsupported:
      return "InvalidInputException";
    case ErrorKind::kConflict:
      return "ConcurrentModificationException";
    case ErrorKind::kPermissionDenied:
    case ErrorKind::kUnauthenticated:
      return "AccessDeniedException";
    case ErrorKind::kLimitExceeded:
      return "TooManyRequestsException";
    default:
      return "ServiceException";
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

// The REST services name the same things alike, but not all have a name for each: the first that the model
// has.
std::string rest_code(const wire::ServiceModel& model, ErrorKind kind) {
  const auto first_of = [&](std::initializer_list<const char*> names) {
    const auto* found =
        std::ranges::find_if(names, [&](const char* name) { return model.find_error(name) != nullptr; });
    return std::string(found == names.end() ? *names.begin() : *found);
  };
  switch (kind) {
    case ErrorKind::kInvalidArgument:
    case ErrorKind::kUnsupported:
      return first_of({"ValidationException", "BadRequest"});
    case ErrorKind::kNotFound:
      return first_of({"ResourceNotFoundException", "ValidationException", "BadRequest"});
    case ErrorKind::kConflict:
      return first_of({"ConflictException", "ValidationException", "BadRequest"});
    case ErrorKind::kPermissionDenied:
    case ErrorKind::kUnauthenticated:
      return "AccessDeniedException";
    case ErrorKind::kLimitExceeded:
      return first_of({"ServiceQuotaExceededException", "ThrottlingException"});
    default:
      return first_of({"InternalServerException", "InternalServerError"});
  }
}

// Sources: IAM and STS API Reference, "Common Errors".
std::string query_code(const wire::ServiceModel& model, ErrorKind kind) {
  const bool iam = model.find_error("NoSuchEntity") != nullptr;
  switch (kind) {
    case ErrorKind::kInvalidArgument:
    case ErrorKind::kUnsupported:
      return "ValidationError";
    case ErrorKind::kNotFound:
      return iam ? "NoSuchEntity" : "ValidationError";
    case ErrorKind::kConflict:
      return iam ? "ConcurrentModification" : "ValidationError";
    case ErrorKind::kPermissionDenied:
      return "AccessDenied";
    case ErrorKind::kUnauthenticated:
      return "InvalidClientTokenId";
    case ErrorKind::kLimitExceeded:
      return iam ? "LimitExceeded" : "ValidationError";
    case ErrorKind::kUnavailable:
      return "ServiceUnavailable";
    default:
      return iam ? "ServiceFailure" : "InternalFailure";
  }
}

// What EBS's errors say when nothing more precise is known (EBS direct APIs Reference, each error's Reason).
std::string general_reason(std::string_view code) {
  if (code == "ValidationException") return "INVALID_PARAMETER_VALUE";
  if (code == "AccessDeniedException") return "UNAUTHORIZED_ACCOUNT";
  if (code == "ResourceNotFoundException") return "DEPENDENCY_RESOURCE_NOT_FOUND";
  if (code == "ServiceQuotaExceededException") return "DEPENDENCY_SERVICE_QUOTA_EXCEEDED";
  return {};
}

void add_reason(const wire::ServiceModel& model, Error& error) {
  const auto* modelled = model.find_error(error.code);
  const bool wanted = modelled != nullptr && modelled->has_member("Reason");
  const bool given =
      std::ranges::any_of(error.members, [](const auto& each) { return each.first == "Reason"; });
  if (!wanted || given) return;
  if (std::string reason = general_reason(error.code); !reason.empty())
    error.members.emplace_back("Reason", std::move(reason));
}

// Stages before the handler name errors as most services do.
void rename_for_rest(const wire::ServiceModel& model, Error& error) {
  const bool known = model.find_error(error.code) != nullptr;
  if (error.code == "IdempotentParameterMismatch" && !known)
    error.code = rest_code(model, ErrorKind::kConflict);
  if (error.code == "ValidationException" && !known)
    error.code = rest_code(model, ErrorKind::kInvalidArgument);
}

// AWS Organizations has one error for all that does not fit its model; other JSON services do not model
// theirs.
void rename_for_json(const wire::ServiceModel& model, Error& error) {
  if (error.code != "ValidationException" || model.find_error("InvalidInputException") == nullptr) return;
  error.code = "InvalidInputException";
  auto [reason, sentence] = organizations_reason(error.message);
  error.message = sentence + " (" + error.message + ")";
  error.members.emplace_back("Reason", std::move(reason));
}

std::string code_of(const wire::ServiceModel& model, ErrorKind kind) {
  switch (model.protocol) {
    case wire::Protocol::kEc2:
      return ec2_code(kind);
    case wire::Protocol::kRestJson:
      return rest_code(model, kind);
    case wire::Protocol::kQuery:
      return query_code(model, kind);
    case wire::Protocol::kJson:
      break;
  }
  return model.find_error("ServiceException") != nullptr ? organizations_code(kind) : json_code(kind);
}

void replace_message(const wire::ServiceModel& model, Error& error) {
  const bool ec2 = model.protocol == wire::Protocol::kEc2;
  if (is_ours_alone(error.kind)) {
    error.message =
        ec2 ? "An internal error has occurred"
            : "The request was rejected because an internal exception occurred. The request can be retried.";
    // The one cause of ours that the caller may be able to mend.
    if (error.kind == ErrorKind::kNoSpace) error.message += " (the disk of this installation is full)";
  } else if (error.kind == ErrorKind::kUnavailable) {
    error.message =
        (ec2 ? "The server is overloaded and can't handle the request. Please try again shortly."
             : "The system timed out while trying to fulfill the request. The request can be retried.") +
        (" (" + error.message + ")");
  }
}

}  // namespace

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

Error public_error(const wire::ServiceModel& model, Error error) {
  if (error.code.empty()) {
    error.code = code_of(model, error.kind);
    replace_message(model, error);
  }
  if (model.protocol == wire::Protocol::kRestJson) {
    rename_for_rest(model, error);
    add_reason(model, error);
  }
  if (model.protocol == wire::Protocol::kJson) rename_for_json(model, error);
  return error;
}

}  // namespace coffer::api
