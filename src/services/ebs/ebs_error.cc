// SPDX-License-Identifier: Apache-2.0
#include "services/ebs/ebs_error.h"

namespace coffer::services::ebs {
namespace {

tl::unexpected<Error> with_reason(ErrorKind kind, const char* code, const char* reason, std::string message) {
  Error error{kind, std::move(message), code};
  error.members.emplace_back("Reason", reason);
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace

tl::unexpected<Error> invalid(const char* reason, std::string message) {
  return with_reason(ErrorKind::kInvalidArgument, "ValidationException", reason, std::move(message));
}

tl::unexpected<Error> not_found(const char* reason, std::string message) {
  return with_reason(ErrorKind::kNotFound, "ResourceNotFoundException", reason, std::move(message));
}

tl::unexpected<Error> denied(const char* reason, std::string message) {
  return with_reason(ErrorKind::kPermissionDenied, "AccessDeniedException", reason, std::move(message));
}

tl::unexpected<Error> key_error(const Error& error) {
  if (error.code == "NotFoundException") return not_found("DEPENDENCY_RESOURCE_NOT_FOUND", error.message);
  if (error.code == "AccessDeniedException") return denied("DEPENDENCY_ACCESS_DENIED", error.message);
  if (error.code == "DisabledException" || error.code == "KMSInvalidStateException" ||
      error.code == "InvalidArnException" || error.kind == ErrorKind::kRefusedCiphertext)
    return invalid("INVALID_CUSTOMER_KEY", error.message);
  return tl::unexpected(error);
}

}  // namespace coffer::services::ebs
